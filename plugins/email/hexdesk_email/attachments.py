"""Fetching an attachment again, from where its message lies by now."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeAlias
from uuid import UUID

import msgspec

from hexdesk.core import Connection, InboundFile, UndeliverableError
from hexdesk_email.collecting import spool_of
from hexdesk_email.config import EmailConfig
from hexdesk_email.headers import MESSAGE_ID
from hexdesk_email.imap import Imap, RefusedError, signed_in
from hexdesk_email.imap_answers import quoted
from hexdesk_email.inbound import Origin
from hexdesk_email.mail import Attachment, Mail
from hexdesk_email.parsing import parse_mail

PART_BYTES = 64 * 1024
# As much as the largest message that can be taken in.
KEPT_BYTES = 50_000_000
KEPT_SECONDS = 60.0
READ = msgspec.json.Decoder(Origin)
Place: TypeAlias = tuple[UUID, EmailConfig, Origin]


class Attachments:
    """Fetches attachments, and reads a message once for all that it holds.

    They are asked for one after another: those of the messages read last are kept for a moment.
    """

    def __init__(self) -> None:
        """Begin with nothing kept."""
        self._kept: dict[Place, tuple[Attachment, ...]] = {}

    async def fetch(
        self, file: InboundFile, config: EmailConfig, connection: Connection
    ) -> AsyncIterator[bytes]:
        """Yield an attachment's bytes; raise `UndeliverableError` where it is no longer there."""
        try:
            origin = READ.decode(file.reference)
        except msgspec.MsgspecError as error:
            raise UndeliverableError("this is no file of an e-mail") from error
        place = (connection.integration_id, config, msgspec.structs.replace(origin, file=0))
        files = self._kept.get(place)
        if files is None:
            mail = await _read(origin, config, connection)
            files = mail.attachments if mail is not None else ()
            self._keep(place, files)
        if not 0 <= origin.file < len(files):
            raise UndeliverableError(f"{file.filename!r} is no longer in the mailbox")
        data = files[origin.file].data
        for start in range(0, len(data), PART_BYTES):
            yield data[start : start + PART_BYTES]

    def _keep(self, place: Place, files: tuple[Attachment, ...]) -> None:
        if len(files) <= 1:
            return
        self._kept[place] = files
        while sum(map(_size, self._kept.values())) > KEPT_BYTES:
            del self._kept[next(iter(self._kept))]
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._kept.pop, place, None)


async def message_with_id(imap: Imap, folder: str, message_id: str) -> int | None:
    """Return the newest message of a folder with this Message-ID; the folder stays open."""
    if not MESSAGE_ID.fullmatch(message_id) or not message_id.isascii():
        return None
    try:
        await imap.open_folder(folder, to_read=True)
    except RefusedError:
        return None
    uids = await imap.search(b"HEADER Message-ID " + quoted(message_id))
    return uids[-1] if uids else None


async def _read(origin: Origin, config: EmailConfig, connection: Connection) -> Mail | None:
    if origin.spooled:
        raw = await asyncio.to_thread(spool_of(config, connection).find, origin.spooled)
        return await _parsed(raw)
    async with signed_in(config, connection) as imap:
        return await _found(imap, config, origin)


async def _found(imap: Imap, config: EmailConfig, origin: Origin) -> Mail | None:
    folder = await imap.open_folder(config.imap_folder, to_read=True)
    if folder.uidvalidity == origin.uidvalidity:
        mail = await _fetched(imap, origin.uid)
        if mail is not None and mail.message_id == origin.message_id:
            return mail
    for name in (config.imap_done_folder, config.imap_folder):
        uid = await message_with_id(imap, name, origin.message_id) if name else None
        if uid is not None:
            return await _fetched(imap, uid)
    return None


async def _fetched(imap: Imap, uid: int) -> Mail | None:
    return await _parsed(await imap.fetch(uid))


async def _parsed(raw: bytes | None) -> Mail | None:
    # Reading takes seconds at worst: not here, where others wait.
    return None if raw is None else await asyncio.to_thread(parse_mail, raw)


def _size(files: tuple[Attachment, ...]) -> int:
    return sum(len(file.data) for file in files)
