"""Two API processes that share a Valkey: with it, without it, and with it again."""

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from statistics import median

import httpx2
import pytest

from hexdesk.adapters.redis.line import ANSWER_SECONDS
from tests.database import Database
from tests.e2e.resilience.apart import apart
from tests.e2e.resilience.client import Answer, Member, check_whole
from tests.e2e.resilience.model import Model, echo
from tests.e2e.resilience.processes import Hexdesk, running
from tests.openai_server import Always, Reply
from tests.valkey_server import ValkeyServer

Pair = tuple[Hexdesk, Hexdesk]

A_MINUTE = 40
# What the machine may add to a request that waits for nothing.
GRACE_SECONDS = 1.0
BACK_SECONDS = 20
# Who only looked four times a second would be told after half of that, on the average.
HEARD_SECONDS = 0.08


@pytest.fixture(scope="session")
async def sharing_apis(
    process_folder: Path, desk_database: Database, model: Model, valkey_server: ValkeyServer
) -> AsyncGenerator[Pair]:
    """Two APIs on one database and one Valkey, where a member has few requests a minute."""
    one, other = (
        apart(
            "api",
            process_folder / f"redis-{name}",
            desk_database,
            model,
            HEXDESK_REDIS_URL=valkey_server.url,
            HEXDESK_RATE_LIMIT_USER=str(A_MINUTE),
        )
        for name in ("one", "other")
    )
    async with running(one, other):
        yield one, other


@pytest.fixture
async def pair(sharing_apis: Pair, valkey: ValkeyServer) -> Pair:
    """The two APIs, at an empty Valkey, whatever the test before did to it."""
    assert valkey.is_running
    for process in sharing_apis:
        await redis_is(process, "ok")
    return sharing_apis


async def ask(member: Member) -> tuple[Answer, float]:
    """Ask who one is; return the answer, and how long it took."""
    started = time.perf_counter()
    answer = await member.call("GET", "/auth/me")
    return answer, time.perf_counter() - started


async def ask_both(pair: Pair, member: Member, count: int) -> list[Answer]:
    """Ask both processes in turn, this often in all."""
    return [(await ask(member.at(pair[place % 2].url)))[0] for place in range(count)]


async def redis_is(process: Hexdesk, status: str) -> None:
    """Wait until the process says so of its Redis."""
    async with asyncio.timeout(BACK_SECONDS):
        while True:
            if (await process.health())["components"]["redis"]["status"] == status:
                return
            await asyncio.sleep(0.05)


async def test_processes_count_a_member_together(pair: Pair, http: httpx2.AsyncClient) -> None:
    ann = await Member.register(http, pair[0].url)
    started = time.perf_counter()
    statuses = [answer.status for answer in await ask_both(pair, ann, A_MINUTE + 20)]
    leaked = int((time.perf_counter() - started) * A_MINUTE / 60) + 1
    assert A_MINUTE <= statuses.count(200) <= A_MINUTE + leaked
    assert statuses.count(200) + statuses.count(429) == len(statuses)


@pytest.mark.parametrize("way", ["stop", "kill", "sleep"])
async def test_without_redis_requests_go_on_and_with_it_all_is_as_before(
    pair: Pair, http: httpx2.AsyncClient, valkey: ValkeyServer, way: str
) -> None:
    ann, bob = [await Member.register(http, pair[0].url) for _ in range(2)]
    assert {answer.status for answer in await ask_both(pair, ann, 10)} == {200}

    getattr(valkey, way)()
    timed = [await ask(ann.at(pair[place % 2].url)) for place in range(20)]
    assert {answer.status for answer, _ in timed} == {200}
    assert max(seconds for _, seconds in timed) < ANSWER_SECONDS + GRACE_SECONDS
    assert median(seconds for _, seconds in timed) < ANSWER_SECONDS / 2
    for process in pair:
        await redis_is(process, "degraded")
        health = await process.health()
        assert health["status"] == "degraded"
        assert health["components"]["workers"]["status"] == "degraded"
        assert (await http.get(f"{process.url}/health/ready")).status_code == 200
    # Each counts for itself: together they allow more than one would.
    statuses = [answer.status for answer in await ask_both(pair, bob, 2 * A_MINUTE - 4)]
    assert set(statuses) == {200}

    valkey.wake()
    valkey.start()
    for process in pair:
        await redis_is(process, "ok")
    (first, _), (second, _) = [await ask(bob.at(process.url)) for process in pair]
    left = [int(one.headers["ratelimit"].split("r=")[1].split(";")[0]) for one in (first, second)]
    assert left[0] - left[1] in {0, 1}, "the second process counts where the first left off"
    assert left[0] > A_MINUTE / 2


async def test_a_conversation_goes_on_through_an_outage_and_is_followed_from_elsewhere(
    pair: Pair, model: Model, http: httpx2.AsyncClient, valkey: ValkeyServer
) -> None:
    one, other = pair
    ann = await Member.register(http, one.url)
    thread = await ann.thread()
    words = "This takes a while, so that there is something to miss in the middle of it. " * 4
    for said, disturb in (("with it", None), ("without it", valkey.kill)):
        model.when(said, Always(Reply(text=words, chunk_latency=0.02)))
        async with ann.say_streaming(thread, said) as here:
            await here.until(lambda stream: stream.has("run.started"))
            run = here.events[0].data["run_id"]
            async with ann.at(other.url).follow(thread, run) as there:
                await there.until(lambda stream: stream.has("text.delta"))
                if disturb:
                    disturb()
                await asyncio.gather(here.to_end(), there.to_end())
        *_, answer = await ann.messages(thread)
        assert check_whole(here.events, answer) == check_whole(there.events, answer)
        assert len([event for event in there.events if event.name == "text.delta"]) > 1


async def test_whoever_resumes_at_another_process_misses_nothing_and_hears_at_once(
    pair: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = pair
    ann = await Member.register(http, one.url)
    thread = await ann.thread()
    reply = Reply(text="Each word takes its time. " * 8, chunks=40, chunk_latency=0.07)
    model.when("slowly", Always(reply))
    async with ann.say_streaming(thread, "slowly") as whole:
        await whole.until(lambda stream: len(stream.events) > 3)
        run = whole.events[0].data["run_id"]
        async with ann.follow(thread, run) as cut:
            await cut.until(lambda stream: len(stream.events) > 2)
        last = cut.events[-1].id
        async with ann.at(other.url).follow(thread, run, last) as rest:
            await asyncio.gather(whole.to_end(), rest.to_end())
    *_, answer = await ann.messages(thread)
    check_whole([*cut.events, *rest.events], answer)
    assert whole.events == [*cut.events, *rest.events]
    lags = [at - whole.came_at[event_id] for event_id, at in rest.came_at.items()]
    assert len(lags) > 20
    assert median(lags) < HEARD_SECONDS


async def test_a_repeat_at_another_process_waits_for_the_first_without_redis_too(
    pair: Pair, model: Model, http: httpx2.AsyncClient, valkey: ValkeyServer
) -> None:
    one, other = pair
    ann = await Member.register(http, one.url)
    thread = await ann.thread()
    for said, disturb in (("twice with it", None), ("twice without it", valkey.stop)):
        model.when(said, model.held(echo))
        first = asyncio.create_task(ann.say(thread, said, key=said))
        await model.asked(said)
        again = asyncio.create_task(ann.at(other.url).say(thread, said, key=said))
        if disturb:
            disturb()
        await asyncio.wait([again], timeout=0.3)
        assert not again.done()
        model.resume()
        answers = [await first, await again]
        assert [answer.status for answer in answers] == [201, 201]
        assert answers[0].body == answers[1].body
        assert answers[1].is_replay


async def test_what_is_there_is_shown_in_health(pair: Pair) -> None:
    components = (await pair[0].health())["components"]
    assert components["redis"]["status"] == "ok"
    assert components["redis"]["latency_ms"] > 0
    assert components["workers"] == {
        "status": "degraded",
        "latency_ms": None,
        "detail": "no worker is running",
    }
