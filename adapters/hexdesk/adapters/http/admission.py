"""Admission: who calls, whether it may, and whether the body is worth reading."""

from typing import Any

import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from hexdesk.adapters.http.addresses import bucket
from hexdesk.adapters.http.answers import send_bytes
from hexdesk.adapters.http.calls import Call, call_of
from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.options import HttpOptions
from hexdesk.adapters.http.queries import read_query
from hexdesk.adapters.http.rate_limits import RateLimits
from hexdesk.adapters.http.upload_form import FORM_BYTES, FORM_TYPE
from hexdesk.core.desk import Desk
from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import require

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# What curl sends by default is no reason to turn somebody away.
JSON_TYPES = frozenset({"", "application/json", "application/x-www-form-urlencoded"})
JSON_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})

AnyRequest = Request[Any, Any, Any]


class Admission(ASGIMiddleware):
    """Lets a call in: credentials, rate, body's type and size, right, query, in this order.

    Only a bearer token counts, never a cookie, so no other site can call in a member's name.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, desk: Desk, options: HttpOptions) -> None:
        """Keep what is needed to decide."""
        self._authenticate = desk.identity.authenticate
        self._limits = RateLimits(limiter=desk.ports.limiter)
        self._options = options
        self._most_upload_bytes = desk.ports.settings.most_file_bytes + FORM_BYTES

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raise what stands against the call, or pass it on with `scope["user"]`."""
        call = call_of(scope)
        if call is None:
            await send_bytes(send, 204, {"allow": _methods(scope)}, b"")
            return
        request, exchange = AnyRequest(scope), Exchange.of(scope)
        if call.registers:
            rate = self._options.rates.register
            await self._limits.count(exchange, (rate, bucket(exchange.address)))
        who = None if call.is_public else await self._member(request, exchange)
        self._check_body(request, call)
        if who and call.right:
            require(who, call.right)
        if who:
            exchange.query = read_query(scope["query_string"], call.query)
        await next_app(scope, receive, send)

    async def _member(self, request: AnyRequest, exchange: Exchange) -> Member:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("send an access token or an API key as a bearer token")
        who = await self._authenticate(token.strip(), exchange.origin)
        request.scope["user"] = who
        structlog.contextvars.bind_contextvars(
            organization_id=str(who.organization_id), user_id=str(who.user_id)
        )
        rates = self._options.rates
        await self._limits.count(
            exchange,
            (rates.user, str(who.user_id)),
            (rates.organization, str(who.organization_id)),
        )
        return who

    def _check_body(self, request: AnyRequest, call: Call) -> None:
        if request.method not in WITH_BODY:
            return
        media_type, details = request.content_type
        if call.uploads:
            if media_type.lower() != FORM_TYPE:
                message = f"the body must be a form with a file: {FORM_TYPE}"
                raise ClientException(detail=message, status_code=415)
            most = self._most_upload_bytes
        elif call.is_raw:
            most = call.most_bytes or self._options.most_body_bytes
        else:
            is_json = media_type.lower() in JSON_TYPES
            if not is_json or details.get("charset", "utf-8").lower() not in JSON_CHARSETS:
                raise ClientException(detail="the body must be JSON in UTF-8", status_code=415)
            most = self._options.most_body_bytes
        if (request.content_length or 0) > most:
            message = f"the body is larger than {most} bytes"
            raise ClientException(detail=message, status_code=413)


def _methods(scope: Scope) -> str:
    """Return what OPTIONS tells of a path; of a path in two parts Litestar would tell one."""
    template = scope["path_template"]
    routes = [route for route in scope["litestar_app"].routes if route.path_format == template]
    return ", ".join(sorted({method for route in routes for method in route.methods}))
