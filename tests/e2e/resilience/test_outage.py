"""The database goes away while an answer is made: it is delivered, kept, and stored later."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from tests.database import Database
from tests.e2e.resilience.apart import apart, made_ready
from tests.e2e.resilience.client import Answer, Member, check_whole
from tests.e2e.resilience.model import Model, brings_result, echo
from tests.e2e.resilience.processes import Hexdesk, running
from tests.integration.postgres.waiting import until
from tests.openai_server import Bench, ChatRequest, Reply
from tests.postgres_server import IN_A_HURRY

SAID = "open a ticket, and mention the violet giraffe"
ANSWER = "The violet giraffe has its ticket."
FILES_A_TICKET = Bench(tool="create_ticket", arguments={"title": "Giraffe"}, text=ANSWER)
JOURNAL_BYTES = 64 * 1024 * 1024


class Installation:
    """An API on a database that can be switched off."""

    def __init__(self, postgres: EmbeddedPostgres, api: Hexdesk) -> None:
        self.api = api
        self.journal = api.folder / "journal"
        self._postgres = postgres

    async def ensure_running(self) -> None:
        """Bring back what a test has left switched off."""
        if not self._postgres.is_running:
            await self.switch_on()
        if not self.api.is_running:
            await self.api.start()

    async def switch_off(self) -> None:
        """Stop the database."""
        await asyncio.to_thread(self._postgres.stop)

    async def switch_on(self) -> None:
        """Start the database again: in this thread, since it ends with the one that started it."""
        self._postgres.start()
        await asyncio.to_thread(self._postgres.wait_until_ready)

    def entries(self) -> list[Path]:
        """Return what waits in the journal."""
        return sorted(self.journal.glob("*.entry"))


@pytest.fixture(scope="module")
def database(process_folder: Path) -> Iterator[Database]:
    """A database on a server of this module's own."""
    with EmbeddedPostgres(process_folder / "outage-postgres", IN_A_HURRY) as server:
        server.wait_until_ready()
        yield made_ready(server, "outage")


@pytest.fixture(scope="module")
async def installation(
    database: Database, process_folder: Path, model: Model
) -> AsyncGenerator[Installation]:
    """An API on that server."""
    process = apart("api", process_folder / "outage", database, model)
    async with running(process) as (api,):
        yield Installation(database.server, api)


@pytest.fixture
async def desk(installation: Installation) -> Installation:
    """The installation, with everything switched on."""
    await installation.ensure_running()
    return installation


async def answered_in_the_dark(
    desk: Installation, model: Model, member: Member, thread: str
) -> Answer:
    """Have the message answered, with the database stopped while the model makes the answer."""
    model.when(SAID, model.held(FILES_A_TICKET, when=brings_result))
    asked = len(model.requests(SAID))
    sending = asyncio.create_task(member.say(thread, SAID, key="key"))
    await model.asked(SAID, asked + 2)
    await desk.switch_off()
    model.resume()
    return await sending


def check_unstored(response: dict[str, Any]) -> None:
    """Check that the answer came, and says that it is not stored."""
    assert response["message"]["content"] == ANSWER
    assert not response["stored"]
    assert (response["degraded"], response["degraded_reason"]) == (True, "storage_unavailable")
    assert [use["status"] for use in response["tools_used"]] == ["ok"]


async def check_stored_once(member: Member, thread: str, response: dict[str, Any]) -> None:
    """Wait for the answer to be stored, and check that it is, once, as it was delivered."""

    async def is_there() -> bool:
        return len(await member.messages(thread)) > 1

    await until(is_there)
    _, stored = await member.messages(thread)
    assert stored == response["message"]
    again = await member.say(thread, SAID, key="key")
    assert (again.status, again.is_replay, again.body) == (201, True, response)
    assert [ticket["title"] for ticket in await member.tickets()] == ["Giraffe"]
    async with member.follow(thread, response["run_id"]) as stream:
        await stream.to_end()
    assert check_whole(stream.events, stored) == response


async def test_an_answer_that_cannot_be_stored_is_delivered_and_stored_when_storage_is_back(
    desk: Installation, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, desk.api.url)
    thread = await ann.thread()
    answer = await answered_in_the_dark(desk, model, ann, thread)
    assert answer.status == 201
    check_unstored(answer.body)
    (entry,) = desk.entries()
    assert entry.stat().st_mode & 0o777 == 0o600
    assert desk.journal.stat().st_mode & 0o777 == 0o700
    for text in (ANSWER, "giraffe", answer.body["thread_id"], "storage_unavailable"):
        assert text.encode() not in entry.read_bytes()
    await desk.switch_on()
    await check_stored_once(ann, thread, answer.body)
    assert not desk.entries()
    # The thread is free again, and the model is told what the person was told.
    model.when("and now?", echo)
    assert (await ann.say(thread, "and now?")).content == "You said: and now?"
    assert model.requests("and now?")[-1].messages[-2]["content"] == ANSWER


async def test_an_answer_in_the_journal_outlives_its_process_with_all_that_was_seen_of_it(
    desk: Installation, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, desk.api.url)
    thread = await ann.thread()

    def slowly(request: ChatRequest) -> Reply:
        if brings_result(request):
            return Reply(text=ANSWER, chunks=15, chunk_latency=0.1)
        return FILES_A_TICKET(request)

    model.when(SAID, slowly)
    async with ann.say_streaming(thread, SAID, key="key") as stream:
        await stream.until(lambda stream: stream.has("text.delta"))
        await desk.switch_off()
        assert not stream.has("run.completed")
        await stream.to_end()
    response = stream.events[-1].data
    check_unstored(response)
    check_whole(stream.events, response["message"])
    asked = len(model.requests(SAID))
    desk.api.kill()
    await desk.switch_on()
    await desk.api.start()
    await check_stored_once(ann, thread, response)
    assert not desk.entries()
    assert len(model.requests(SAID)) == asked


def fill(journal: Path) -> None:
    """Take up all the room that a journal may have, without taking any on the disk."""
    journal.mkdir(mode=0o700)
    with (journal / "junk").open("wb") as junk:
        junk.truncate(JOURNAL_BYTES)


@pytest.mark.parametrize(
    ("spoil", "words"), [(Path.touch, "cannot be written"), (fill, "journal is full")]
)
async def test_an_answer_goes_out_even_if_the_journal_cannot_take_it_and_health_says_so(
    desk: Installation,
    model: Model,
    http: httpx2.AsyncClient,
    spoil: Callable[[Path], None],
    words: str,
) -> None:
    ann = await Member.register(http, desk.api.url)
    thread = await ann.thread()
    aside = desk.journal.with_name(f"{spoil.__name__}-aside")
    if desk.journal.exists():
        desk.journal.rename(aside)
    spoil(desk.journal)
    health = await desk.api.health()
    assert health["status"] == "degraded"
    assert words in health["components"]["journal"]["detail"]
    check_unstored((await answered_in_the_dark(desk, model, ann, thread)).body)
    assert not desk.entries()
    desk.journal.rename(desk.journal.with_name(f"{spoil.__name__}-spoilt"))
    await desk.switch_on()

    async def is_free() -> bool:
        return len(await ann.messages(thread)) == 2

    # What was delivered is lost; the run is done again, so that the thread is free.
    await until(is_free)
    assert (await desk.api.health())["status"] == "ok"


async def test_without_a_database_nothing_is_accepted_and_no_model_is_asked(
    desk: Installation, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, desk.api.url)
    thread = await ann.thread()
    model.when("is anybody there?", echo)
    await desk.switch_off()
    answer = await ann.say(thread, "is anybody there?", key="key")
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    health = await desk.api.health()
    assert (health["status"], health["components"]["database"]["status"]) == ("down", "down")
    await desk.switch_on()
    assert await ann.messages(thread) == []
    assert not model.requests("is anybody there?")
    again = await ann.say(thread, "is anybody there?", key="key")
    assert (again.status, again.is_replay) == (201, False)
