"""Files that come in: stored as they come, before anything else is done with the request."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from hexdesk.adapters.http.calls import call_of
from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.upload_form import FORM_BYTES, Form, Part, UploadForm
from hexdesk.core.desk import Desk
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.files import Upload
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.mistakes import escaped
from hexdesk.core.use_cases.uploads import Incoming, ReceiveUpload

FILE, AGENT = "file", "agent_id"


class Uploads(ASGIMiddleware):
    """Stores the file that comes with a form, and removes its bytes if no file was made of them.

    It comes before the idempotency key, which is compared by what the form says, and whose answer
    is committed with the file: only after that is known whether the bytes are a file's.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, desk: Desk) -> None:
        """Keep the desk that files are handed in at."""
        self._files = desk.files
        self._most_bytes = desk.ports.settings.most_file_bytes + FORM_BYTES

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Take the file in where one comes."""
        call = call_of(scope)
        if not call or not call.uploads:
            await next_app(scope, receive, send)
            return
        Exchange.of(scope).waits_for_client = True
        request = Request[Member, Any, Any](scope)
        content_type = request.headers.get("content-type", "")
        form = Form(content_type, receive, self._most_bytes)
        taken = _Taken(self._files.receive, request.user)
        try:
            async for part in form.parts():
                await taken.take(part)
            Exchange.of(scope).form = taken.whole()
            await next_app(scope, receive, send)
        finally:
            if taken.upload:
                # Whoever hangs up leaves no bytes behind.
                await asyncio.shield(self._files.discard(request.user, taken.upload))


def form_of(exchange: Exchange) -> UploadForm:
    """Return the form of a request that came past here with a file."""
    if exchange.form is None:
        raise InvalidError("a file is missing", pointer=f"/{FILE}")
    return exchange.form


class _Taken:
    """What has been taken of a form so far."""

    def __init__(self, receive: ReceiveUpload, who: Member) -> None:
        self.upload: Upload | None = None
        self._receive = receive
        self._who = who
        self._agent_id: UUID | None = None
        self._seen: set[str] = set()

    async def take(self, part: Part) -> None:
        """Take the next part in."""
        pointer = f"/{escaped(part.name)}"
        if part.name in self._seen:
            raise InvalidError("is given more than once", pointer=pointer)
        self._seen.add(part.name)
        if part.name == FILE:
            if part.filename is None:
                raise InvalidError("must be a file, with a name", pointer=pointer)
            incoming = Incoming(
                filename=part.filename, claimed=part.content_type, content=part.content
            )
            self.upload = await self._receive(self._who, incoming)
        elif part.name == AGENT:
            self._agent_id = _id(await part.text())
        else:
            raise InvalidError("is not a known field", pointer=pointer)

    def whole(self) -> UploadForm:
        """Return what the form said; raise `InvalidError` if no file came with it."""
        if self.upload is None:
            raise InvalidError("a file is missing", pointer=f"/{FILE}")
        return UploadForm(upload=self.upload, agent_id=self._agent_id)


def _id(text: str) -> UUID | None:
    """Return the id of an agent; none for a field that was left empty, as in a form on a page."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidError("must be the id of an agent", pointer=f"/{AGENT}") from error
