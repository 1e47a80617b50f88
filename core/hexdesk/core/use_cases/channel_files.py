"""Fetching the files that come with a channel's message."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from hexdesk.core.errors import DeskError, UnavailableError
from hexdesk.core.model.channels import InboundFile
from hexdesk.core.model.principals import System
from hexdesk.core.policy.file_names import file_name
from hexdesk.core.ports.channels import Channel, Connection
from hexdesk.core.use_cases.attachments import MOST_ATTACHMENTS
from hexdesk.core.use_cases.uploads import DiscardUpload, Incoming, KeepUpload, ReceiveUpload

log = logging.getLogger("hexdesk.channels")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFiles:
    """Takes the files of a message in, as if they had been handed in; bad ones are told of."""

    receive: ReceiveUpload
    keep: KeepUpload
    discard: DiscardUpload

    async def __call__(
        self,
        channel: Channel,
        connection: Connection,
        files: tuple[InboundFile, ...],
        *,
        is_last_try: bool,
    ) -> tuple[tuple[UUID, ...], tuple[str, ...]]:
        """Return the files' ids, and a note for each that could not be taken.

        Raise `UnavailableError` for one that may be had later, unless this is the last try.
        """
        taken: list[UUID] = []
        notes: list[str] = []
        who = System(organization_id=connection.organization_id)
        for file in files[:MOST_ATTACHMENTS]:
            try:
                taken.append(await self._take(who, channel, connection, file))
            except UnavailableError as error:
                if not is_last_try:
                    raise
                notes.append(_note(file, str(error)))
            except DeskError as error:
                notes.append(_note(file, str(error)))
            except Exception:
                # The edge to other people's code: the message counts, whatever its files are.
                log.exception("file not fetched", extra={"channel": channel.name})
                notes.append(_note(file, "it could not be fetched"))
        notes += [_note(file, "there are too many files") for file in files[MOST_ATTACHMENTS:]]
        return tuple(dict.fromkeys(taken)), tuple(notes)

    async def _take(
        self, who: System, channel: Channel, connection: Connection, file: InboundFile
    ) -> UUID:
        async with aclosing(_pieces(channel, connection, file)) as pieces:
            incoming = Incoming(
                filename=file.filename, claimed=file.content_type or None, content=pieces
            )
            upload = await self.receive(who, incoming)
        try:
            kept = await self.keep(who, upload)
        except DeskError:
            await self.discard(who, upload)
            raise
        if kept.id != upload.file_id:
            await self.discard(who, upload)
        return kept.id


async def _pieces(
    channel: Channel, connection: Connection, file: InboundFile
) -> AsyncGenerator[bytes]:
    async for piece in channel.fetch(file, connection):
        yield piece


def _note(file: InboundFile, reason: str) -> str:
    return f"The file {file_name(file.filename)!r} was not taken: {reason}."
