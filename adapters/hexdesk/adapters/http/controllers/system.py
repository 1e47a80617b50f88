"""Health and metrics, for those who run the installation."""

import hmac
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.options import HttpOptions
from hexdesk.core.desk import Desk
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.health import Health, HealthStatus

RETRY = {"retry-after": str(UnavailableError.retry_after)}
ALIVE = {"status": "ok"}


class SystemController(Controller):
    """Health and metrics."""

    path = "/"
    tags = ["System"]

    @get("/health", opt=call(is_public=True, is_limited=False, when_down=Health))
    async def check_health(self, desk: NamedDependency[Desk]) -> Response[Health]:
        """Tell how the installation does, part by part; 503 if it is down."""
        health = await desk.check_health()
        if health.status is HealthStatus.DOWN:
            return Response(health, status_code=503, headers=RETRY)
        return Response(health)

    @get("/health/live", opt=call(is_public=True, is_limited=False))
    async def check_life(self) -> dict[str, str]:
        """Tell that the process answers."""
        return ALIVE

    @get("/health/ready", opt=call(is_public=True, is_limited=False))
    async def check_readiness(
        self, desk: NamedDependency[Desk], options: NamedDependency[HttpOptions]
    ) -> dict[str, str]:
        """Tell whether traffic should come here; 503 if not.

        An unreachable MCP server or model is no reason to keep traffic away.
        """
        if options.draining.is_set():
            raise UnavailableError("this instance is about to stop")
        if (await desk.check_health()).status is HealthStatus.DOWN:
            raise UnavailableError("a vital component is down: see /health")
        return ALIVE

    @get(
        "/metrics",
        opt=call(is_public=True, is_limited=False, also=(404,)),
        media_type="application/openmetrics-text",
    )
    async def show_metrics(
        self, request: Request[Any, Any, Any], options: NamedDependency[HttpOptions]
    ) -> Response[bytes]:
        """Show counts and times as OpenMetrics; 404 where they are not for you."""
        if options.metrics is None or not _may_see_metrics(request, options):
            raise NotFoundException
        media_type, text = options.metrics()
        return Response(text, media_type=media_type)


def _may_see_metrics(request: Request[Any, Any, Any], options: HttpOptions) -> bool:
    if options.are_metrics_open:
        return True
    expected = f"Bearer {options.metrics_token}".encode()
    given = request.headers.get("authorization", "").encode()
    return bool(options.metrics_token) and hmac.compare_digest(given, expected)
