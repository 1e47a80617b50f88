"""Fetching an attachment again, from where its message lies by now."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from hexdesk.core import Connection, InboundFile, UndeliverableError
from hexdesk_email.collecting import spool_of
from hexdesk_email.config import EmailConfig
from hexdesk_email.headers import MESSAGE_ID
from hexdesk_email.imap import Imap, RefusedError, signed_in
from hexdesk_email.imap_answers import quoted
from hexdesk_email.inbound import Origin
from hexdesk_email.mail import Mail
from hexdesk_email.parsing import parse_mail

PART_BYTES = 64 * 1024
READ = msgspec.json.Decoder(Origin)


async def attachment(
    file: InboundFile, config: EmailConfig, connection: Connection
) -> AsyncIterator[bytes]:
    """Yield an attachment's bytes; raise `UndeliverableError` where it is no longer there."""
    try:
        origin = READ.decode(file.reference)
    except msgspec.MsgspecError as error:
        raise UndeliverableError("this is no file of an e-mail") from error
    if origin.spooled:
        raw = await asyncio.to_thread(spool_of(config, connection).find, origin.spooled)
        mail = None if raw is None else parse_mail(raw)
    else:
        async with signed_in(config, connection) as imap:
            mail = await _found(imap, config, origin)
    if mail is None or not 0 <= origin.file < len(mail.attachments):
        raise UndeliverableError(f"{file.filename!r} is no longer in the mailbox")
    data = mail.attachments[origin.file].data
    for start in range(0, len(data), PART_BYTES):
        yield data[start : start + PART_BYTES]


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
    raw = await imap.fetch(uid)
    return None if raw is None else parse_mail(raw)
