"""The integration type `mcp`: somebody else's MCP server, and what it is given to be asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

import msgspec

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.attached_tools import AttachedServer
from hexdesk.core.model.integrations import Integration
from hexdesk.core.ports.attached_servers import AttachedServers
from hexdesk.core.ports.egress import Egress
from hexdesk.core.use_cases.integration_types import IntegrationType, IntegrationTypes

MCP = "mcp"
MOST_HEADERS = 20
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,3998}[\x21-\x7e])?")
# Whoever could set these would speak another protocol, or to another host.
OURS = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "cookie"),
        *("expect", "forwarded", "host", "keep-alive", "last-event-id", "te", "trailer"),
        *("proxy-authorization", "transfer-encoding", "upgrade", "user-agent"),
    }
)


class McpConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an MCP server is (streamable HTTP), and the credentials that it is given."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"^https?://\S+$")]
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)] | None = None
    headers: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class McpServer(IntegrationType):
    """A server whose tools agents can be given."""

    servers: AttachedServers
    name: str = MCP
    config: type[msgspec.Struct] = McpConfig
    secrets: frozenset[str] = frozenset({"token", "headers"})

    def refuse(self, config: Mapping[str, Any]) -> None:
        """Refuse credentials that cannot be sent as headers."""
        token, headers = config["token"], cast("dict[str, str]", config["headers"] or {})
        if token is not None and not HEADER_VALUE.fullmatch(token):
            raise InvalidError("a token has printable ASCII only", pointer="/config/token")
        if len(headers) > MOST_HEADERS:
            message = f"there may be {MOST_HEADERS} headers"
            raise InvalidError(message, pointer="/config/headers")
        for name, value in headers.items():
            problem = _problem(name, value, has_token=token is not None)
            if problem:
                raise InvalidError(problem, pointer="/config/headers")

    def address(self, config: Mapping[str, Any]) -> str | None:
        """Return the server's address."""
        return str(config["url"])

    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        """Refuse: `RefreshTools` checks a server, for what it says must be kept."""
        raise InvalidError("an MCP server is checked by asking for its tools, which are kept")


def address_of(integration: Integration, types: IntegrationTypes) -> AttachedServer:
    """Return where the server is, with its own credentials; `ValueError` if they are unreadable."""
    config = types.opened(integration.type, integration.config)
    token = config.get("token")
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return AttachedServer(
        integration_id=integration.id,
        url=str(config["url"]),
        headers={**(config.get("headers") or {}), **bearer},
    )


def _problem(name: str, value: str, *, has_token: bool) -> str | None:
    lower = name.lower()
    if not HEADER_NAME.fullmatch(name):
        return "a header's name has letters, digits and dashes"
    if lower in OURS or lower.startswith("mcp-"):
        return f"the header {name!r} is not yours to set"
    if lower == "authorization" and has_token:
        return "give a token or the header 'Authorization', not both"
    if not HEADER_VALUE.fullmatch(value):
        return f"the header {name!r} has a value of printable ASCII only"
    return None
