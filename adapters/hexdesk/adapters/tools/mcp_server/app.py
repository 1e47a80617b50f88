"""The tool server as an ASGI application: streamable HTTP, health, resource metadata."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from mcp.server import Server
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hexdesk.adapters.tools.mcp_server.callers import CallerVerifier
from hexdesk.adapters.tools.mcp_server.server import create_tool_server
from hexdesk.core.desk import Desk
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.health import HealthStatus

PATH = "/mcp"
SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
HEALTH = "/health"
NOTHING = PlainTextResponse("Not Found", status_code=404)
LOOPBACK = ("127.0.0.1:*", "localhost:*", "[::1]:*")


class McpOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the tool server is reached: its public URL, and whether only under known host names."""

    public_url: str = "http://127.0.0.1:8001/mcp"
    checks_host: bool = True


def create_mcp_app(
    desk: Desk,
    verifier: CallerVerifier,
    options: McpOptions,
    server: Server[dict[str, Any]] | None = None,
) -> ASGIApp:
    """Return the application: `/mcp` for callers with a token, `/health` for everybody.

    It serves the desk's tools, unless it is given a server that has something beside them.
    """
    resource = AnyHttpUrl(options.public_url)
    metadata_url = build_resource_metadata_url(resource)
    metadata_path = urlsplit(str(metadata_url)).path
    app = (server or create_tool_server(desk)).streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        transport_security=_security(options),
        custom_starlette_routes=[
            Route(HEALTH, _health(desk), methods=["GET"]),
            Route(metadata_path, _metadata(resource), methods=["GET"]),
        ],
    )
    guarded = AuthenticationMiddleware(
        AuthContextMiddleware(RequireAuthMiddleware(app, [], metadata_url)),
        backend=BearerAuthBackend(verifier),
    )
    return _dispatching(app, {HEALTH: app, metadata_path: app, PATH: guarded}, desk)


def _dispatching(app: ASGIApp, known: Mapping[str, ASGIApp], desk: Desk) -> ASGIApp:
    """Send each request to what is known at its path, and nowhere else."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        chosen: ASGIApp = app
        if scope["type"] == "http":
            scope["path"] = scope["path"].removesuffix("/")
            # What is open is named here: the router within takes more spellings of a path.
            chosen = known.get(scope["path"], NOTHING)
        named = _naming(scope, send, desk)
        try:
            await chosen(scope, receive, named)
        except UnavailableError as error:
            await _unavailable(error)(scope, receive, named)

    return dispatch


def _naming(scope: Scope, send: Send, desk: Desk) -> Send:
    """Give each answer the request's id: the caller's own if it sent a sane one."""
    given = dict(scope.get("headers", ())).get(b"x-request-id", b"")
    request_id = given if SANE_ID.fullmatch(given) else str(desk.ports.clock.new_id()).encode()

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
        await send(message)

    return named


def _unavailable(error: UnavailableError) -> Response:
    """Answer while it cannot be told who calls."""
    return JSONResponse(
        {"error": "temporarily_unavailable", "error_description": str(error)},
        status_code=503,
        headers={"Retry-After": str(error.retry_after)},
    )


def _security(options: McpOptions) -> TransportSecuritySettings:
    public = urlsplit(options.public_url)
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=options.checks_host,
        allowed_hosts=[*LOOPBACK, public.netloc],
        allowed_origins=[
            *(f"http://{host}" for host in LOOPBACK),
            f"{public.scheme}://{public.netloc}",
        ],
    )


def _health(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def health(_: Request) -> Response:
        answer = await desk.check_health()
        return Response(
            msgspec.json.encode(answer),
            status_code=503 if answer.status is HealthStatus.DOWN else 200,
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return health


def _metadata(resource: AnyHttpUrl) -> Callable[[Request], Awaitable[Response]]:
    """Serve RFC 9728 metadata of our own: there is no authorization server to name yet."""
    body = msgspec.json.encode(
        {
            "resource": str(resource),
            "bearer_methods_supported": ["header"],
            "resource_name": "hexdesk tools",
        }
    )

    async def metadata(_: Request) -> Response:
        return Response(body, media_type="application/json")

    return metadata
