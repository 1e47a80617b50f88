"""The outermost layer: what holds of every request, whether there is a route for it or not."""

import re
from ipaddress import ip_network
from typing import Any, cast

import structlog
from litestar import Request
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from hexdesk.adapters.http.addresses import bucket, client_address
from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.options import HttpOptions
from hexdesk.adapters.http.problems import on_desk_error
from hexdesk.adapters.http.rate_limits import RateLimits, rate_headers
from hexdesk.core.desk import Desk
from hexdesk.core.errors import RateLimitedError

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
UNLIMITED = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
UNROUTED = "unrouted"
HUNG_UP = 499
STREAM = b"text/event-stream"

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
"""What every answer says, unless it says otherwise itself."""
HTTPS_ONLY = {b"strict-transport-security": b"max-age=31536000"}

log = structlog.get_logger("hexdesk.http")


class Edge:
    """Names, limits, times and logs each request, and completes the headers of its answer.

    Litestar runs no middleware for a path or method that it has no route for, so this layer is
    around its router.
    """

    def __init__(self, inside: ASGIApp, desk: Desk, options: HttpOptions) -> None:
        """Keep what is inside, and what each request needs."""
        self._inside = inside
        self._clock = desk.ports.clock
        self._telemetry = desk.ports.telemetry
        self._limits = RateLimits(limiter=desk.ports.limiter)
        self._options = options
        self._proxies = [ip_network(network) for network in options.trusted_proxies]
        is_https = (options.public_url or "").startswith("https://")
        self._headers = HEADERS | (HTTPS_ONLY if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._inside(scope, receive, send)
            return
        exchange = Exchange(
            request_id=self._request_id(scope),
            address=client_address(scope, self._proxies),
        )
        exchange.attach(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        started_at = self._clock.elapsed()
        answer = _Answer(send, exchange, self._headers)
        try:
            await self._answer(scope, receive, answer, exchange)
        finally:
            self._note(scope, answer, self._clock.elapsed() - started_at, exchange)

    async def _answer(
        self, scope: HTTPScope, receive: Receive, answer: "_Answer", exchange: Exchange
    ) -> None:
        if scope["path"] not in UNLIMITED:
            try:
                rate = self._options.rates.address
                await self._limits.count(exchange, (rate, bucket(exchange.address)))
            except RateLimitedError as error:
                request = Request[Any, Any, Any](scope)
                response = cast("Any", on_desk_error(request, error))
                refusal: ASGIApp = response.to_asgi_response(app=None, request=request)
                await refusal(scope, receive, answer)
                return
        await self._inside(scope, receive, answer)

    def _request_id(self, scope: HTTPScope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and SANE_ID.fullmatch(text := value.decode("latin-1")):
                return text
        return str(self._clock.new_id())

    def _note(
        self, scope: HTTPScope, answer: "_Answer", seconds: float, exchange: Exchange
    ) -> None:
        method = scope["method"]
        route: str = cast("dict[str, Any]", scope).get("path_template", UNROUTED)
        log.info(
            "request",
            method=method,
            route=route,
            status=answer.status,
            ms=round(seconds * 1000, 1),
        )
        if self._options.observe:
            self._options.observe(method, route, answer.status, seconds)
        # A stream takes as long as what it tells of, a file as long as its client is slow.
        is_paced = answer.is_stream or exchange.waits_for_client
        if seconds > self._options.slow_seconds and not is_paced:
            self._telemetry.slow(f"{method} {route}", seconds)


class _Answer:
    """Sends an answer on, with what the edge knows in its headers."""

    def __init__(self, send: Send, exchange: Exchange, headers: dict[bytes, bytes]) -> None:
        self.status = HUNG_UP
        self.is_stream = False
        self._send = send
        self._exchange = exchange
        self._headers = headers

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            said = {name.lower(): value for name, value in message["headers"]}
            self.is_stream = said.get(b"content-type", b"").startswith(STREAM)
            missing = [pair for pair in self._everything().items() if pair[0] not in said]
            message["headers"] = [*message["headers"], *missing]
        await self._send(message)

    def _everything(self) -> dict[bytes, bytes]:
        verdict = self._exchange.verdict
        own = {
            "x-request-id": self._exchange.request_id,
            **(rate_headers(verdict) if verdict else {}),
        }
        return self._headers | {name.encode(): value.encode() for name, value in own.items()}
