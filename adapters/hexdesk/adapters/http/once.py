"""Idempotency keys: a call that comes twice is carried out once and answered twice."""

import hashlib
import re
from collections.abc import Awaitable
from typing import Any

import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from hexdesk.adapters.http.answers import send_bytes
from hexdesk.adapters.http.calls import HeaderParameter, Once, call_of
from hexdesk.adapters.http.exchange import Exchange
from hexdesk.core.desk import Desk
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.principals import Member
from hexdesk.core.use_cases.idempotency import OnceStorage

REPLAYED = "idempotent-replayed"
KEPT_HEADERS = frozenset({"content-type", "etag"})
# Who is refused for who it is, or for how often it comes, may try again with the same key.
NOT_KEPT = frozenset({401, 403, 429})
FIRST_REFUSAL = 400
FIRST_FAILURE = 500

IDEMPOTENCY_KEY = HeaderParameter(
    name="Idempotency-Key",
    description=(
        "Makes it safe to repeat the call: the same key with the same body gives the first"
        " answer again, for 24 hours."
    ),
    pattern="^[ -~]{1,255}$",
)
PRINTABLE = re.compile(IDEMPOTENCY_KEY.pattern.strip("^$"))

log = structlog.get_logger("hexdesk.http")


class Idempotency(ASGIMiddleware):
    """Gives the first answer again, or sees to it that the first answer is kept.

    It comes after admission, so the caller is authorised anew before a replay. Effects and answer
    are one transaction: whoever repeats a call finds both or neither.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, desk: Desk) -> None:
        """Keep the desk that calls with a key are carried out at."""
        self._desk = desk

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer a call with a key; others are passed on."""
        call = call_of(scope)
        request = Request[Member, Any, Any](scope, receive)
        exchange = Exchange.of(scope)
        key = await _key_of(request, exchange) if call and call.once else None
        if call is None or key is None:
            await next_app(scope, receive, send)
            return
        exchange.once = once = self._desk.once(request.user, key)
        first = await once.find()
        if first is None:
            answer = HeldAnswer(send, lets_success_pass=call.once is Once.RUN)
            first = await self._carry_out(once, answer, next_app(scope, receive, answer))
        elif first.run_id:
            exchange.first = first
            await next_app(scope, receive, send)
            return
        if first:
            await send_again(first, send)

    async def _carry_out(
        self, once: OnceStorage, answer: "HeldAnswer", call: Awaitable[None]
    ) -> KeptAnswer | None:
        """Carry the call out and send its answer; return the first answer if another was first."""
        try:
            await call
            first = await self._keep(once, answer)
        except BaseException:
            # Whoever hangs up, or meets a mistake of ours, leaves nothing half done.
            await once.undo()
            raise
        if first and first.status:
            return first
        await answer.release()
        return None

    async def _keep(self, once: OnceStorage, answer: "HeldAnswer") -> KeptAnswer | None:
        if answer.is_kept_elsewhere:
            return None
        if answer.status >= FIRST_REFUSAL:
            await once.undo()
        if not answer.is_worth_keeping:
            return None
        kept = KeptAnswer(
            body_hash=once.key.body_hash,
            status=answer.status,
            headers={name: answer.headers[name] for name in KEPT_HEADERS & answer.headers.keys()},
            body=answer.body,
            created_at=self._desk.ports.clock.now(),
        )
        return await once.keep(kept)


class HeldAnswer:
    """An answer that waits until it is kept.

    Where the use case itself keeps what comes of a success, a success is let pass, as a stream
    must be.
    """

    def __init__(self, send: Send, *, lets_success_pass: bool) -> None:
        """Hold what would be sent."""
        self._send = send
        self._lets_success_pass = lets_success_pass
        self._held: list[Message] = []
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    @property
    def is_kept_elsewhere(self) -> bool:
        """Whether it was let pass."""
        return self._lets_success_pass and self.status < FIRST_REFUSAL

    @property
    def is_worth_keeping(self) -> bool:
        """Whether a repeat should get it again; one that asks to come later should not."""
        return (
            self.status < FIRST_FAILURE
            and self.status not in NOT_KEPT
            and "retry-after" not in self.headers
        )

    async def __call__(self, message: Message) -> None:
        """Take the place of `send`."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in message["headers"]
            }
        if self.is_kept_elsewhere:
            await self._send(message)
            return
        if message["type"] == "http.response.body":
            self.body += message["body"]
        self._held.append(message)

    async def release(self) -> None:
        """Send what was held."""
        for message in self._held:
            await self._send(message)


async def send_again(first: KeptAnswer, send: Send) -> None:
    """Send the first answer to a key once more."""
    log.info("answer replayed")
    headers = first.headers | {"content-length": str(len(first.body)), REPLAYED: "true"}
    await send_bytes(send, first.status or FIRST_FAILURE, headers, first.body)


async def _key_of(request: Request[Member, Any, Any], exchange: Exchange) -> IdempotencyKey | None:
    keys = request.headers.getall(IDEMPOTENCY_KEY.name, [])
    if not keys:
        return None
    if len(keys) > 1 or not PRINTABLE.fullmatch(keys[0]):
        message = "the Idempotency-Key must be given once, as 1 to 255 printable ASCII characters"
        raise InvalidError(message)
    who = request.user
    # Of a form with a file, what it says is hashed: the file itself went by.
    body = exchange.form.canonical if exchange.form else await request.body()
    return IdempotencyKey(
        caller=str(who.api_key_id or who.user_id),
        method=request.method,
        path=request.scope["path"],
        key=keys[0],
        body_hash=hashlib.sha256(body).digest(),
    )
