"""Files, and which of them agents know."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from urllib.parse import quote
from uuid import UUID

import structlog
from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Response, Stream
from msgspec import UNSET, UnsetType

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.adapters.http.uploads import form_of
from hexdesk.core.desk import Desk
from hexdesk.core.errors import DeskError
from hexdesk.core.model.files import File, FileFilter, FileStatus
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.agent_files import KnownFile

TEXT = "text/plain"
ANY_TYPE = "*/*"
"""What a document says of bytes whose own type is answered with them."""

KNOWN = KnownFile(file_id=UUID("01a21082-9108-74ae-b2e7-ae9962f5ce98"))
NOT_SNIFFED = {"x-content-type-options": "nosniff"}


log = structlog.get_logger("hexdesk.http")


class FileQuery(ListQuery, frozen=True, kw_only=True):
    """Which files."""

    status: FileStatus | UnsetType = UNSET
    agent_id: UUID | UnsetType = UNSET


class FilesController(Controller):
    """Files that people hand in."""

    path = "/files"
    tags = ["Files"]

    @get(opt=call(Right.READ_FILES, query=FileQuery))
    async def list_files(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[FileQuery],
    ) -> Page[File]:
        """List the files that you uploaded or that an agent knows; for an admin, all of them."""
        return await desk.files.list(who, wanted.filled(FileFilter), wanted.part())

    @post(status_code=202, opt=call(Right.UPLOAD_FILES, once=Once.ANSWER, uploads=True))
    async def upload_file(
        self,
        request: Request[Member, Any, Any],
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
    ) -> File:
        """Hand in a file: a PDF, TXT, MD, CSV, XLSX, DOCX, PNG or JPEG.

        It is read by a task: look at `status` and `progress`. A file that you handed in before,
        byte for byte, is answered again. Only admins say which agent is to know it.
        """
        form = form_of(Exchange.of(request.scope))
        return await once.files.keep(who, form.upload, form.agent_id)

    @get("/{file_id:uuid}", opt=call(Right.READ_FILES))
    async def get_file(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        file_id: FromPath[UUID],
    ) -> File:
        """Show a file, and how far it has been read."""
        return await desk.files.get(who, file_id)

    @delete("/{file_id:uuid}", opt=call(Right.READ_FILES))
    async def remove_file(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        file_id: FromPath[UUID],
    ) -> None:
        """Remove a file: its bytes, its text, and what agents know of it.

        What an agent knows only admins remove.
        """
        await desk.files.remove(who, file_id)

    @get("/{file_id:uuid}/content", media_type=ANY_TYPE, opt=call(Right.READ_FILES, answers=bytes))
    async def get_content(
        self,
        request: Request[Member, Any, Any],
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        file_id: FromPath[UUID],
    ) -> Stream:
        """Get the bytes of a file as they were handed in, to be kept and not to be shown."""
        Exchange.of(request.scope).waits_for_client = True
        file, content = await desk.files.open(who, file_id)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}",
            "content-length": str(file.size),
            "content-type": file.content_type,
            **NOT_SNIFFED,
        }
        return Stream(_given_out(content, file_id), headers=headers)

    @get(
        "/{file_id:uuid}/text",
        media_type=TEXT,
        opt=call(Right.READ_FILES, answers=bytes, also=(409,)),
    )
    async def get_text(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        file_id: FromPath[UUID],
    ) -> Response[bytes]:
        """Get what was read in a file; 409 while it is being read, and if it cannot be."""
        text = await desk.files.read(who, file_id)
        return Response(
            text.encode(), media_type=TEXT, headers={"x-content-type-options": "nosniff"}
        )


class AgentFilesController(Controller):
    """What agents know."""

    path = "/agents/{agent_id:uuid}/files"
    tags = ["Files"]

    @get(opt=call(Right.READ_FILES, query=ListQuery))
    async def list_agent_files(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
        agent_id: FromPath[UUID],
    ) -> Page[File]:
        """List the files that an agent knows."""
        return await desk.files.list_known(who, agent_id, wanted.part())

    @post(status_code=200, opt=call(Right.CHANGE_AGENTS, once=Once.ANSWER, example=KNOWN))
    async def add_agent_file(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        agent_id: FromPath[UUID],
        data: JSONBody[KnownFile],
    ) -> File:
        """Let an agent know a file; one that it knows already stays known."""
        return await once.files.link(who, agent_id, data)

    @delete("/{file_id:uuid}", opt=call(Right.CHANGE_AGENTS))
    async def remove_agent_file(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        agent_id: FromPath[UUID],
        file_id: FromPath[UUID],
    ) -> None:
        """Have an agent forget a file; the file stays."""
        await desk.files.unlink(who, agent_id, file_id)


async def _given_out(content: AsyncGenerator[bytes], file_id: UUID) -> AsyncGenerator[bytes]:
    try:
        async with aclosing(content):
            async for piece in content:
                yield piece
    except DeskError as error:
        # The head is sent, so there is no other way to say it: fewer bytes come than it promised,
        # and the server breaks the connection off.
        log.error("file broken off", file_id=str(file_id), exc_info=error)
