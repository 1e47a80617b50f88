"""Not every IMAP server is a Dovecot: what the desk does where others do less, or do harm."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from hexdesk.core.errors import DeskError, RetryAfterError, UnavailableError
from hexdesk_email import EmailChannel
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.desk_end import DeskEnd, running
from tests.integration.plugins.email.letters import a_letter, bytes_of

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MAIL = bytes_of(a_letter("the first"))
BODY = b"* 1 FETCH (UID 7 BODY[] {%d}\r\n%b)\r\n" % (len(MAIL), MAIL)
LARGE_BODY = b"* 1 FETCH (UID 7 BODY[] {90000}\r\n" + b"x" * 90_000 + b")\r\n"
WITHOUT_KEYWORDS = (
    b"* 1 EXISTS\r\n* OK [UIDVALIDITY 3]\r\n* OK [UIDNEXT 8]\r\n"
    b"* OK [PERMANENTFLAGS (\\Seen \\Flagged)]\r\n"
)


class OldServer:
    """An IMAP server of few words: what it says to a command is looked up by its first words."""

    def __init__(self, **more: bytes) -> None:
        self.heard: list[bytes] = []
        self.port = 0
        self._news = asyncio.Condition()
        self.says = {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
            b"SELECT": WITHOUT_KEYWORDS,
            b"EXAMINE": WITHOUT_KEYWORDS,
            b"UID SEARCH": b"* SEARCH 7\r\n",
            b"UID FETCH 7 (UID FLAGS": b"* 1 FETCH (UID 7 FLAGS () RFC822.SIZE 100)\r\n",
            b"UID FETCH 7 (UID BODY": BODY,
            **{verb.replace("_", " ").encode(): said for verb, said in more.items()},
        }

    async def was_told(self, command: bytes, times: int = 1) -> None:
        """Wait until it has heard a command so often."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(
                lambda: sum(one.startswith(command) for one in self.heard) >= times
            )

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who is flooded hangs up in the middle of it.
        with suppress(ConnectionError):
            await self._talk(reader, writer)
            writer.close()
            await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        while line := (await reader.readline()).rstrip(b"\r\n"):
            tag, _, command = line.partition(b" ")
            async with self._news:
                self.heard.append(command or line)
                self._news.notify_all()
            verb = max((one for one in self.says if command.startswith(one)), key=len, default=b"")
            said = self.says.get(verb, b"")
            writer.write(said if said.startswith(b"+") else said + b"%b OK done\r\n" % tag)


@asynccontextmanager
async def listening(talk: Talk) -> AsyncGenerator[int]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def serving(server: OldServer) -> AsyncGenerator[OldServer]:
    async with listening(server.talk) as server.port:
        yield server


def said_of(server: OldServer) -> dict[str, object]:
    return {
        "imap_host": "mail.desk.test",
        "imap_port": server.port,
        "imap_security": "none",
        "imap_user": "support",
        "imap_password": 'a "quoted" one',
        "poll_seconds": 1,
    }


async def test_a_server_without_keywords_and_idle_is_used_by_what_it_has(connect: Connect) -> None:
    desk = DeskEnd()
    async with serving(OldServer()) as server, running(connect(**said_of(server)), desk):
        [message] = await desk.has(1)
        await server.was_told(b"NOOP")
        await server.was_told(b"UID SEARCH", times=2)
    assert message.text == "the first"
    assert rb'LOGIN "support" "a \"quoted\" one"' in server.heard
    assert b"UID STORE 7 +FLAGS.SILENT (\\Seen)" in server.heard
    assert not any(b"$Hexdesk" in command for command in server.heard)
    assert len(desk.kept) == 1


async def test_a_message_that_is_gone_by_now_is_passed_over(connect: Connect) -> None:
    desk = DeskEnd()
    old = OldServer()
    old.says[b"UID FETCH 7 (UID BODY"] = b""
    async with serving(old) as server, running(connect(**said_of(server)), desk):
        await server.was_told(b"NOOP")
    assert desk.offered == []


async def test_a_password_that_the_server_cannot_take_is_told_of(connect: Connect) -> None:
    async with serving(OldServer()) as server:
        there = connect(**(said_of(server) | {"imap_password": "wört"}))
        with pytest.raises(RetryAfterError, match="no such letters"):
            await EmailChannel().run(there, DeskEnd().emit)


async def test_a_server_that_takes_the_password_later_is_waited_for(connect: Connect) -> None:
    plain = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
    async with serving(OldServer(CAPABILITY=plain, AUTHENTICATE=b"+ \r\n")) as server:
        there = connect(**said_of(server))
        task = asyncio.create_task(EmailChannel().run(there, DeskEnd().emit))
        await server.was_told(b"AHN1cHBvcnQA")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_server_that_sends_too_much_is_hung_up_on(connect: Connect) -> None:
    flood = b"* 1 FETCH (UID 7 BODY[] {99000000}\r\n"
    async with serving(OldServer()) as server:
        server.says[b"UID FETCH 7 (UID BODY"] = flood
        with pytest.raises(UnavailableError, match="more than it was asked for"):
            await EmailChannel().run(connect(**said_of(server)), DeskEnd().emit)


@pytest.mark.parametrize(
    ("command", "flood"),
    [
        (b"UID SEARCH", b"* OK\r\n" * 25_000),
        (b"UID SEARCH", (b"* SEARCH" + b" 7" * 500_000 + b"\r\n") * 5),
        (b"UID SEARCH", b"* X " + b"{0}\r\n" * 25_000 + b"\r\n"),
        (
            b"UID FETCH 7 (UID BODY",
            (b"* 1 FETCH (UID 7 BODY[] {90000}\r\n" + b"x" * 90_000 + b")\r\n") * 50,
        ),
    ],
    ids=["small answers", "long answers", "an answer without end", "messages"],
)
async def test_a_server_that_sends_too_much_bit_by_bit_is_hung_up_on(
    connect: Connect, command: bytes, flood: bytes
) -> None:
    async with serving(OldServer()) as server, asyncio.timeout(20):
        server.says[command] = flood
        there = connect(**said_of(server), max_message_bytes=100_000)
        with pytest.raises(UnavailableError, match="more than it was asked for"):
            await EmailChannel().run(there, DeskEnd().emit)


@pytest.mark.parametrize("mark", [b"X1", b"\xb2", b"1" * 5_000, b""])
async def test_marks_that_nobody_of_ours_made_hold_nothing_up(
    connect: Connect, mark: bytes
) -> None:
    desk, server = DeskEnd(), OldServer()
    flags = b"* 1 FETCH (UID 7 FLAGS ($HexdeskTried" + mark + b") RFC822.SIZE 100)\r\n"
    server.says[b"UID FETCH 7 (UID FLAGS"] = flags
    async with serving(server), running(connect(**said_of(server)), desk):
        [message] = await desk.has(1)
    assert message.text == "the first"


async def test_an_answer_that_says_nothing_is_no_yes(connect: Connect) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        await reader.readline()
        writer.write(b"h1 \r\n")
        await reader.read()
        writer.close()

    async with listening(talk) as port:
        there = connect(imap_host="mail.desk.test", imap_port=port, imap_security="none")
        with pytest.raises(DeskError):
            await EmailChannel().run(there, DeskEnd().emit)


async def test_what_was_slipped_in_before_privacy_is_not_heard(connect: Connect, pem: Path) -> None:
    """Somebody in between answers commands that are still to come, in the clear."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        await reader.readline()
        writer.write(b"h1 OK\r\n* CAPABILITY IMAP4rev1\r\nh2 OK\r\nh3 OK\r\n")
        await writer.start_tls(tls)
        heard.append(await reader.readline())
        writer.close()

    async with listening(talk) as port:
        there = connect(imap_host="mail.desk.test", imap_port=port, imap_security="starttls")
        with pytest.raises(UnavailableError):
            await EmailChannel().run(there, DeskEnd().emit)
        assert heard == [b"h2 CAPABILITY\r\n"]
