"""Two ways to the tool server, with the token of the run that makes the call."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import TokenVerifier

from hexdesk.core.errors import ToolsUnavailableError

Presented = AbstractAsyncContextManager[None]
CONNECT_SECONDS = 3
_token: ContextVar[str] = ContextVar("hexdesk_capability")
_key: ContextVar[str] = ContextVar("hexdesk_key", default="")


class Transport:
    """Opens a client, and presents a token for the calls made inside `presenting(token)`."""

    def __init__(
        self,
        open_client: Callable[[], AbstractAsyncContextManager[Client]],
        presenting: Callable[[str], Presented],
    ) -> None:
        """Keep both."""
        self.open_client = open_client
        self.presenting = presenting


@contextmanager
def named(key: str) -> Generator[None]:
    """Give the requests made inside a key: whoever stands between may send them again."""
    before = _key.set(key)
    try:
        yield
    finally:
        _key.reset(before)


def within_process(server: Server[dict[str, Any]], verifier: TokenVerifier) -> Transport:
    """Reach a server in this process; its tokens are verified like anybody's."""

    @asynccontextmanager
    async def presenting(token: str) -> AsyncGenerator[None]:
        verified = await verifier.verify_token(token)
        if verified is None:
            raise ToolsUnavailableError("the tool server does not accept the run's capability")
        reset = auth_context_var.set(AuthenticatedUser(verified))
        try:
            yield
        finally:
            auth_context_var.reset(reset)

    return Transport(lambda: Client(server, cache=None), presenting)


def over_http(url: str) -> Transport:
    """Reach a server over streamable HTTP; all runs share the connections, none its token.

    Whoever calls bounds the time: a time-out in here would take down the session for all.
    """

    @asynccontextmanager
    async def open_client() -> AsyncGenerator[Client]:
        timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
        limits = httpx2.Limits(max_connections=64, max_keepalive_connections=64)
        async with (
            httpx2.AsyncClient(
                auth=_PresentedToken(), timeout=timeout, limits=limits, trust_env=False
            ) as http,
            Client(streamable_http_client(url, http_client=http), cache=None) as client,
        ):
            yield client

    @asynccontextmanager
    async def presenting(token: str) -> AsyncGenerator[None]:
        reset = _token.set(token)
        try:
            yield
        finally:
            _token.reset(reset)

    return Transport(open_client, presenting)


class _PresentedToken(httpx2.Auth):
    """Adds the token of the run that caused the request: each is sent in its caller's context."""

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {_token.get()}"
        if key := _key.get():
            request.headers["Idempotency-Key"] = key
        yield request
