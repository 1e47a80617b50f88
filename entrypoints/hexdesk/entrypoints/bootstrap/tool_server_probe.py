"""How the tool server does, for `/health`."""

import ssl
from functools import cache

import httpx2

from hexdesk.adapters.health.probes import CallProbe, StateProbe
from hexdesk.core.model.health import HealthStatus
from hexdesk.core.ports.health import Probe


def tool_server_probe(mcp_url: str | None) -> Probe:
    """Return a probe that asks the tool server, unless it is in this process."""
    if mcp_url is None:
        return StateProbe(name="mcp", problem=lambda: None, note="in this process")
    health_url = str(httpx2.URL(mcp_url).copy_with(path="/health"))

    async def ask() -> None:
        async with httpx2.AsyncClient(trust_env=False, verify=_tls()) as http:
            (await http.get(health_url)).raise_for_status()

    return CallProbe(name="mcp", call=ask, otherwise=HealthStatus.DEGRADED)


@cache
def _tls() -> ssl.SSLContext:
    """Return one context for all probes: making one takes longer than the call."""
    return ssl.create_default_context()
