"""Taking in what comes to a mailbox: each message once, and no message holds up the others.

What was taken is remembered in the mailbox itself, by marks at its messages: a process that dies,
or another one that goes on, has nothing else to know. A message is marked after it was stored.
One that is stored and not marked comes again, and is known by its key.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from hexdesk.core import Connection, Emit, InboundMessage
from hexdesk_email.config import EmailConfig
from hexdesk_email.imap import Imap, RefusedError, signed_in
from hexdesk_email.imap_answers import Folder, Found, number
from hexdesk_email.inbound import Origin, understand
from hexdesk_email.offering import DESKS_FAULTS, MOST_TRIES, offer
from hexdesk_email.parsing import parse_mail
from hexdesk_email.reading import reading_of

LOG = logging.getLogger("hexdesk.email")

SEEN, FLAGGED = r"\Seen", r"\Flagged"
STORED, QUARANTINED = "$HexdeskStored", "$HexdeskQuarantined"
# Written before a message is fetched, so that one that kills the process is found out.
TRIED = "$HexdeskTried"
# RFC 2177 wants to hear from us before 29 minutes are over; some routers forget much sooner.
IDLE_SECONDS = 540.0
LAST_UID = 2**32 - 1
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(slots=True, kw_only=True)
class Mailbox:
    """A folder that is open, and what was learnt of it since."""

    imap: Imap
    folder: Folder
    config: EmailConfig
    connection: Connection
    emit: Emit
    # From this one on all messages are new, whether somebody read them or not.
    first_new: int
    tries: dict[int, int] = field(default_factory=dict[int, int])
    done: set[int] = field(default_factory=set[int])

    async def take_new(self, days_passed: float) -> None:
        """Take every message that was not taken yet, oldest first."""
        uids = await self.imap.search(self._criteria(days_passed))
        for found in await self.imap.describe([uid for uid in uids if uid not in self.done]):
            await self._take(found)

    def _criteria(self, days_passed: float) -> bytes:
        oldest = self.connection.now + timedelta(days=days_passed - self.config.max_age_days)
        since = f"{oldest.day}-{MONTHS[oldest.month - 1]}-{oldest.year}"
        unknown = f"UNKEYWORD {STORED} UNKEYWORD {QUARANTINED} " if self._marks_words else ""
        new = f"OR UNSEEN UID {self.first_new}:{LAST_UID}"
        return f"UNDELETED SINCE {since} {unknown}{new}".encode("ascii")

    @property
    def _marks_words(self) -> bool:
        return self.folder.takes_keywords

    async def _take(self, found: Found) -> None:
        tries = max(self.tries.get(found.uid, 0), _tries_in(found))
        if tries >= MOST_TRIES:
            await self._put_aside(found.uid)
            return
        await self._note_try(found.uid, tries + 1)
        message = await self._read(found)
        if message is None:
            return
        try:
            await offer(self.emit, message, tries=tries + 1)
        except DESKS_FAULTS:
            await self._forget_try(found.uid, tries + 1)
            raise
        except Exception:
            LOG.exception("e-mail not stored", extra={"uid": found.uid, "tries": tries + 1})
            return
        await self._put_away(found.uid)

    async def _read(self, found: Found) -> InboundMessage | None:
        is_whole = found.size <= self.config.max_message_bytes
        raw = await self.imap.fetch(found.uid, b"" if is_whole else b"HEADER")
        if raw is None:
            return None
        origin = Origin(uid=found.uid, uidvalidity=self.folder.uidvalidity)
        # Reading takes seconds at worst: not here, where others wait.
        mail = await asyncio.to_thread(parse_mail, raw, is_whole=is_whole)
        return understand(mail, reading_of(self.config, self.connection), origin)

    async def _note_try(self, uid: int, tries: int) -> None:
        self.tries[uid] = tries
        if self._marks_words:
            await self.imap.mark(uid, f"{TRIED}{tries}")

    async def _forget_try(self, uid: int, tries: int) -> None:
        self.tries[uid] = tries - 1
        if self._marks_words:
            await self.imap.mark(uid, f"{TRIED}{tries}", remove=True)

    async def _put_away(self, uid: int) -> None:
        await self._finish(uid, (SEEN, STORED), self.config.imap_done_folder)

    async def _put_aside(self, uid: int) -> None:
        LOG.error("e-mail put into quarantine", extra={"uid": uid})
        await self._finish(uid, (FLAGGED, QUARANTINED), self.config.imap_quarantine_folder)

    async def _finish(self, uid: int, flags: tuple[str, str], folder: str | None) -> None:
        self.done.add(uid)
        system, keyword = flags
        await self.imap.mark(uid, system, *((keyword,) if self._marks_words else ()))
        if folder is None:
            return
        try:
            await self.imap.move(uid, folder)
        except RefusedError as error:
            # It is marked, and will not come again: where it lies matters less.
            LOG.warning("e-mail not moved", extra={"folder": folder, "reason": str(error)})


async def watch(config: EmailConfig, connection: Connection, emit: Emit) -> None:
    """Take in what is there and what comes, for as long as the connection lasts."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    async with signed_in(config, connection) as imap:
        folder = await imap.open_folder(config.imap_folder)
        mailbox = Mailbox(
            imap=imap,
            folder=folder,
            config=config,
            connection=connection,
            emit=emit,
            first_new=await _first_new(imap, folder),
        )
        while True:
            await mailbox.take_new((clock() - begun) / 86_400)
            await imap.wait(IDLE_SECONDS, config.poll_seconds)


async def _first_new(imap: Imap, folder: Folder) -> int:
    """Return the first UID after everything that was taken, or after all that is there."""
    taken = await imap.search(f"KEYWORD {STORED}".encode()) if folder.takes_keywords else ()
    return taken[-1] + 1 if taken else folder.uidnext or LAST_UID


def _tries_in(found: Found) -> int:
    marks = (flag for flag in found.flags if flag.startswith(TRIED.lower()))
    return max((number(mark[len(TRIED) :].encode("latin-1")) or 0 for mark in marks), default=0)
