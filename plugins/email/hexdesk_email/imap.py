"""An IMAP client that waits for nobody else: the commands that a mailbox of the desk needs.

The clients there are either block a thread for each mailbox or are not free to be used here
(docs/adr/0020).
"""

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

from hexdesk.core import Connection, RetryAfterError, UnavailableError
from hexdesk_email.config import EmailConfig
from hexdesk_email.dialing import dial, trusted
from hexdesk_email.headers import one_line
from hexdesk_email.imap_answers import (
    Answer,
    Folder,
    Found,
    body_in,
    folder_name,
    found_in,
    number,
    quoted,
)

SECONDS = 30.0
LONGEST_LINE = 4 * 1024 * 1024
RETRY_SECONDS = 300
# What an answer takes up besides its bytes: thousands of empty ones are not nothing.
BYTES_OF_AN_ANSWER = 200
LITERAL = re.compile(rb"\{(\d{1,12})\}$")
PART_OF_FETCH = 500


class RefusedError(UnavailableError):
    """The server refuses a command; the connection goes on."""


class Imap:
    """A connection to an IMAP server, signed in."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most_bytes: int
    ) -> None:
        """Take the connection; no message may be longer than so many bytes."""
        self.capabilities: frozenset[str] = frozenset()
        self.has_news = False
        self._reader = reader
        self._writer = writer
        self._most_bytes = most_bytes
        # How much the server may still say before the next command.
        self._room = LONGEST_LINE
        self._commands = 0

    async def greet(self, config: EmailConfig, tls: ssl.SSLContext) -> None:
        """Speak in private, if that is wanted, and sign in."""
        async with self._patience():
            await self._answer()
        if config.imap_security == "starttls":
            await self.command(b"STARTTLS")
            async with self._patience():
                await self._go_private(tls, config.imap_host or "")
        await self._learn_capabilities()
        user, password = config.imap_user or config.address, config.imap_password or ""
        try:
            await self._sign_in(user, password)
        except RefusedError as error:
            # Who tries a wrong password again and again is locked out.
            raise RetryAfterError(
                f"the mailbox refuses the sign-in: {error}", retry_after=RETRY_SECONDS
            ) from error
        await self._learn_capabilities()

    async def open_folder(self, name: str, *, to_read: bool = False) -> Folder:
        """Open a folder; raise `RefusedError` where there is none."""
        verb = b"EXAMINE " if to_read else b"SELECT "
        answers = await self.command(verb + folder_name(name))
        said = {
            name: next((n for a in answers if (v := a.code(name)) and (n := number(v))), 0)
            for name in (b"UIDVALIDITY", b"UIDNEXT")
        }
        permanent = [v for a in answers if (v := a.code(b"PERMANENTFLAGS")) is not None]
        messages = [v for a in answers if (v := a.number(b"EXISTS")) is not None]
        self.has_news = False
        return Folder(
            uidvalidity=said[b"UIDVALIDITY"],
            uidnext=said[b"UIDNEXT"],
            messages=messages[-1] if messages else 0,
            takes_keywords=any(rb"\*" in flags for flags in permanent),
        )

    async def search(self, criteria: bytes) -> tuple[int, ...]:
        """Return the UIDs of the messages that are meant, in their order."""
        self.has_news = False
        answers = await self.command(b"UID SEARCH " + criteria)
        said = (a.after(b"SEARCH") for a in answers)
        found = {number(word) for words in said if words for word in words.split()}
        return tuple(sorted(uid for uid in found if uid is not None))

    async def describe(self, uids: Sequence[int]) -> tuple[Found, ...]:
        """Return how large messages are and how they are marked, in their order."""
        found: dict[int, Found] = {}
        for start in range(0, len(uids), PART_OF_FETCH):
            numbers = b",".join(b"%d" % uid for uid in uids[start : start + PART_OF_FETCH])
            answers = await self.command(b"UID FETCH " + numbers + b" (UID FLAGS RFC822.SIZE)")
            found |= {one.uid: one for a in answers if (one := found_in(a)) is not None}
        return tuple(found[uid] for uid in uids if uid in found)

    async def fetch(self, uid: int, section: bytes = b"") -> bytes | None:
        """Return a message, or a section of it, unread; None where it is gone."""
        command = b"UID FETCH %d (UID BODY.PEEK[%b])" % (uid, section)
        answers = await self.command(command, room=self._most_bytes)
        return next((body for a in answers if (body := body_in(a)) is not None), None)

    async def mark(self, uid: int, *flags: str, remove: bool = False) -> None:
        """Mark a message, or take marks away."""
        sign = b"-" if remove else b"+"
        words = " ".join(flags).encode("ascii")
        await self.command(b"UID STORE %d %bFLAGS.SILENT (%b)" % (uid, sign, words))

    async def move(self, uid: int, folder: str) -> None:
        """Move a message into another folder, as far as the server can."""
        if "MOVE" in self.capabilities:
            await self.command(b"UID MOVE %d %b" % (uid, folder_name(folder)))
            return
        await self.command(b"UID COPY %d %b" % (uid, folder_name(folder)))
        await self.mark(uid, r"\Deleted")
        if "UIDPLUS" in self.capabilities:
            await self.command(b"UID EXPUNGE %d" % uid)

    async def append(self, folder: str, raw: bytes) -> None:
        """Put a message into a folder, as one that was read."""
        head = b"APPEND %b (\\Seen) {%d}" % (folder_name(folder), len(raw))
        await self.command(head, raw)

    async def wait(self, seconds: float, poll_seconds: float) -> None:
        """Wait until there may be something new, so many seconds at most.

        A server that does not tell by itself (RFC 2177) is asked after `poll_seconds`.
        """
        if self.has_news:
            return
        if "IDLE" not in self.capabilities:
            await asyncio.sleep(min(seconds, poll_seconds))
            await self.command(b"NOOP")
            return
        tag = await self._begin(b"IDLE")
        async with self._patience():
            await self._until_continued()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.has_news:
                    await self._answer()
        async with self._patience():
            self._writer.write(b"DONE\r\n")
            await self._until_done(tag)

    async def command(self, *parts: bytes, room: int = 0) -> tuple[Answer, ...]:
        """Send a command and return the answers to it.

        Each part but the last ends in the length of the next. The answers together may be longer
        than one line by `room` bytes. Raise `RefusedError` if the server refuses,
        `UnavailableError` if it is gone, or says more.
        """
        async with self._patience():
            tag = await self._begin(parts[0], room)
            for part in parts[1:]:
                await self._until_continued()
                self._writer.write(part + b"\r\n")
            await self._writer.drain()
            return await self._until_done(tag)

    async def close(self) -> None:
        """Say goodbye, if the server still listens, and hang up."""
        with suppress(UnavailableError, OSError, EOFError):
            await self.command(b"LOGOUT")

    async def _go_private(self, tls: ssl.SSLContext, host: str) -> None:
        # With a reader of its own: what somebody slipped in before is not read as the server's.
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport = await loop.start_tls(
            self._writer.transport, protocol, tls, server_hostname=host
        )
        if transport is None:
            raise UnavailableError(f"{host!r} hung up instead of speaking in private")
        protocol.connection_made(transport)
        self._reader = reader
        self._writer = asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _sign_in(self, user: str, password: str) -> None:
        if "AUTH=PLAIN" in self.capabilities:
            secret = b64encode(f"\0{user}\0{password}".encode())
            if "SASL-IR" in self.capabilities:
                await self.command(b"AUTHENTICATE PLAIN " + secret)
            else:
                await self.command(b"AUTHENTICATE PLAIN", secret)
            return
        try:
            await self.command(b"LOGIN " + quoted(user) + b" " + quoted(password))
        except UnicodeEncodeError as error:
            raise RefusedError("it takes no such letters in a password") from error

    async def _learn_capabilities(self) -> None:
        answers = await self.command(b"CAPABILITY")
        said = (a.after(b"CAPABILITY") for a in answers)
        words = b" ".join(words for words in said if words)
        self.capabilities = frozenset(words.decode("latin-1").upper().split())

    async def _begin(self, command: bytes, room: int = 0) -> bytes:
        self._commands += 1
        self._room = LONGEST_LINE + room
        tag = b"h%d" % self._commands
        self._writer.write(tag + b" " + command + b"\r\n")
        return tag

    async def _until_continued(self) -> None:
        while True:
            answer = await self._answer()
            if answer.line.startswith(b"+"):
                return
            if not answer.line.startswith(b"*"):
                raise RefusedError(_said(answer.line))

    async def _until_done(self, tag: bytes) -> tuple[Answer, ...]:
        answers: list[Answer] = []
        while True:
            answer = await self._answer()
            answers.append(answer)
            if answer.line.startswith(tag + b" "):
                if [word.upper() for word in answer.line.split(None, 2)[1:2]] != [b"OK"]:
                    raise RefusedError(_said(answer.line))
                return tuple(answers)

    async def _answer(self) -> Answer:
        line, literals = b"", list[bytes]()
        while True:
            part = (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")
            line += part
            literal = LITERAL.search(part)
            size = int(literal[1]) if literal else 0
            self._room -= BYTES_OF_AN_ANSWER + len(part) + size
            if self._room < 0:
                raise UnavailableError("the mailbox sends more than it was asked for")
            if literal is None:
                break
            literals.append(await self._reader.readexactly(size))
        answer = Answer(line=line, literals=tuple(literals))
        self.has_news = self.has_news or answer.number(b"EXISTS") is not None
        return answer

    @asynccontextmanager
    async def _patience(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(SECONDS):
                yield
        except TimeoutError as error:
            raise UnavailableError(f"the mailbox is silent for {SECONDS:g} seconds") from error


@asynccontextmanager
async def signed_in(config: EmailConfig, connection: Connection) -> AsyncGenerator[Imap]:
    """Give a connection to the mailbox; whatever breaks it raises `UnavailableError`."""
    host = config.imap_host or ""
    line = await dial(connection.http, host, config.imap_port)
    tls = trusted(connection.settings)
    writer: asyncio.StreamWriter | None = None
    try:
        reader, writer = await asyncio.open_connection(
            sock=line,
            limit=LONGEST_LINE,
            ssl=tls if config.imap_security == "tls" else None,
            server_hostname=host if config.imap_security == "tls" else None,
        )
        imap = Imap(reader, writer, config.max_message_bytes + 1024)
        await imap.greet(config, tls)
        yield imap
        await imap.close()
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:
        raise UnavailableError(f"lost the mailbox at {host!r}: {_why(error)}") from error
    finally:
        if writer is not None:
            writer.transport.abort()
            await asyncio.sleep(0)


def _said(line: bytes) -> str:
    return one_line(line.partition(b" ")[2].decode("utf-8", "replace"))[:300]


def _why(error: Exception) -> str:
    return one_line(str(error) or type(error).__name__)[:300]
