"""Taking in what was handed over: each message once, and no message holds up the others."""

import asyncio
import logging
from dataclasses import dataclass

from hexdesk.core import Connection, Emit, UnavailableError
from hexdesk_email.config import EmailConfig, EmailSettings
from hexdesk_email.inbound import Origin, understand
from hexdesk_email.marks import Marks
from hexdesk_email.offering import DESKS_FAULTS, MOST_TRIES, offer
from hexdesk_email.parsing import parse_mail
from hexdesk_email.reading import reading_of
from hexdesk_email.spool import DONE, QUARANTINE, Spool

LOG = logging.getLogger("hexdesk.email")
LOOK_AGAIN_SECONDS = 1.0
DAY_SECONDS = 86_400
NO_DOOR = "operators have not said where mail is handed over: HEXDESK_EMAIL_LISTEN is not set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Takes in what lies in a connection's spool."""

    spool: Spool
    config: EmailConfig
    connection: Connection
    emit: Emit

    async def take_new(self) -> None:
        """Take every message that was not taken yet, oldest first."""
        for name, tries in await asyncio.to_thread(self.spool.waiting):
            if tries < MOST_TRIES:
                await self._take(name, tries)
            else:
                LOG.error("e-mail put into quarantine", extra={"file": name})
                await asyncio.to_thread(self.spool.finish, name, tries, QUARANTINE)

    async def _take(self, name: str, tries: int) -> None:
        # Renamed without a thread: whoever is cancelled must know what was done, and be done.
        self.spool.note_tries(name, tries, tries + 1)
        try:
            await self._offer(name, tries + 1)
        except (*DESKS_FAULTS, asyncio.CancelledError):
            self.spool.note_tries(name, tries + 1, tries)
            raise
        except Exception:
            LOG.exception("e-mail not stored", extra={"file": name, "tries": tries + 1})
            return
        self.spool.finish(name, tries + 1, DONE)

    async def _offer(self, name: str, tries: int) -> None:
        most_bytes = self.config.max_message_bytes
        raw, is_whole = await asyncio.to_thread(self.spool.read, name, tries, most_bytes)
        mail = await asyncio.to_thread(parse_mail, raw, is_whole=is_whole)
        message = understand(mail, reading_of(self.config, self.connection), Origin(spooled=name))
        await offer(self.emit, message, tries=tries)


async def collect(config: EmailConfig, connection: Connection, emit: Emit) -> None:
    """Take in what is handed over, for as long as the connection lasts."""
    spool = spool_of(config, connection)
    collector = Collector(spool=spool, config=config, connection=connection, emit=emit)
    clock = asyncio.get_running_loop().time
    kept_since = connection.now.timestamp() - config.max_age_days * DAY_SECONDS - clock()
    try:
        while True:
            await asyncio.to_thread(spool.show_life)
            await collector.take_new()
            await asyncio.to_thread(spool.forget_before, kept_since + clock())
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except OSError as error:
        raise UnavailableError(f"cannot read what was handed over: {error}") from error


async def prepare(config: EmailConfig, connection: Connection) -> None:
    """Have a place for what is handed over, from now on.

    Raise `UnavailableError` where there can be none.
    """
    try:
        await asyncio.to_thread(spool_of(config, connection).show_life)
    except OSError as error:
        raise UnavailableError(f"cannot keep what is handed over: {error}") from error


def spool_of(config: EmailConfig, connection: Connection) -> Spool:
    """Return where a connection's mail is handed over.

    Raise `UnavailableError` where operators have no such place.
    """
    settings = connection.settings
    if not isinstance(settings, EmailSettings) or settings.door is None:
        raise UnavailableError(NO_DOOR)
    return Spool(settings.spool / inbox_of(config, connection))


def inbox_of(config: EmailConfig, connection: Connection) -> str:
    """Return for whom a connection's mail is handed over: what stands before the `@`."""
    return Marks(key=connection.key, address=config.address.lower()).inbox
