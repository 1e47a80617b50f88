"""The line to Redis: quick to notice that nobody answers, and quick to be back."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from hexdesk.adapters.redis.line import ANSWER_SECONDS, RedisLine
from hexdesk.core.errors import UnavailableError
from tests.valkey_server import ValkeyServer

# What an overloaded machine may add to a wait.
GRACE = 1.0


@pytest.fixture
async def line(valkey: ValkeyServer) -> AsyncGenerator[RedisLine]:
    line = RedisLine(valkey.url, again_seconds=0.05, quiet_seconds=0.1)
    try:
        yield line
    finally:
        valkey.wake()
        await line.aclose()


async def refusal(line: RedisLine) -> float:
    """Return how long a question took that was not answered."""
    started = time.perf_counter()
    with pytest.raises(UnavailableError, match="does not answer"):
        await line.ask("GET", "key")
    return time.perf_counter() - started


async def back(line: RedisLine) -> None:
    """Wait until the line is up."""
    await until(lambda: line.is_up)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that only shows."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  it tells of no change
            await asyncio.sleep(0.001)


async def test_what_is_asked_is_answered(line: RedisLine):
    assert await line.ask("SET", "key", b"\xff", "PX", 10_000)
    assert await line.ask("GET", "key") == b"\xff"
    assert await line.ask("GET", "nothing") is None
    await line.check()


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_server_that_is_gone_costs_nobody_time_and_comes_back(
    line: RedisLine, valkey: ValkeyServer, end: str
):
    assert await line.ask("INCR", "key") == 1
    getattr(valkey, end)()
    assert max([await refusal(line) for _ in range(20)]) < GRACE
    assert not line.is_up
    with pytest.raises(UnavailableError):
        await line.check()
    valkey.start()
    await back(line)
    assert await line.ask("INCR", "key") == 1


async def test_a_server_that_hangs_is_waited_for_once(line: RedisLine, valkey: ValkeyServer):
    await line.ask("GET", "key")
    valkey.sleep()
    at_once = await asyncio.gather(*(refusal(line) for _ in range(50)))
    assert max(at_once) < ANSWER_SECONDS + GRACE
    assert max([await refusal(line) for _ in range(20)]) < ANSWER_SECONDS / 2
    valkey.wake()
    await back(line)
    assert await line.ask("GET", "key") is None


async def test_more_questions_than_connections_wait_for_their_turn(line: RedisLine):
    assert sorted(await asyncio.gather(*(line.ask("INCR", "key") for _ in range(200)))) == [
        *range(1, 201)
    ]


async def test_a_server_that_was_restarted_learns_its_scripts_anew(
    line: RedisLine, valkey: ValkeyServer
):
    script = "return {KEYS[1], ARGV[1]}"
    for _ in range(2):
        assert await line.run(script, ["key"], ["value"]) == [b"key", b"value"]
    assert valkey.ask("SCRIPT FLUSH") == "+OK"
    assert await line.run(script, ["key"], ["value"]) == [b"key", b"value"]
    assert line.is_up


async def test_a_server_that_takes_no_writes_is_of_no_use(
    line: RedisLine, valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
):
    assert valkey.ask("REPLICAOF 127.0.0.1 1") == "+OK"
    try:
        with pytest.raises(UnavailableError):
            await line.ask("SET", "key", "value")
        await until(lambda: "redis lost" in caplog.messages)
        assert not line.is_up
    finally:
        assert valkey.ask("REPLICAOF NO ONE") == "+OK"
    await back(line)
    assert await line.ask("SET", "key", "value")
    assert [one for one in caplog.messages if one.startswith("redis")] == [
        "redis refused",
        "redis lost",
        "redis back",
    ]


async def test_it_is_said_once_that_the_server_is_gone_and_once_that_it_is_back(
    line: RedisLine, valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    valkey.kill()
    for _ in range(20):
        await refusal(line)
    await until(lambda: "redis lost" in caplog.messages)
    valkey.start()
    await back(line)
    assert [one for one in caplog.messages if one.startswith("redis")] == [
        "redis lost",
        "redis back",
    ]


async def test_no_password_is_logged(valkey: ValkeyServer, caplog: pytest.LogCaptureFixture):
    url = valkey.url.replace("redis://", "redis://somebody:se-cret@")
    line = RedisLine(url)
    await refusal(line)
    await until(lambda: "redis lost" in caplog.messages)
    said = f"{caplog.text} {[vars(one) for one in caplog.records]} {line!r}"
    await line.aclose()
    assert "invalid username-password pair" in said
    assert "se-cret" not in said


async def test_a_listener_hears_what_is_said(line: RedisLine):
    async with aclosing(line.hear("channel")) as heard, asyncio.timeout(10):
        assert await anext(heard) is None
        for said in (b"one", b"two"):
            assert await line.ask("PUBLISH", "channel", said) == 1
            assert await anext(heard) == said


async def test_a_listener_is_told_when_it_may_have_missed_something(
    line: RedisLine, valkey: ValkeyServer
):
    async with aclosing(line.hear("channel")) as heard, asyncio.timeout(10):
        assert await anext(heard) is None
        waiting = asyncio.ensure_future(anext(heard))
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done(), "a quiet line is no broken one"
        valkey.kill()
        valkey.start()
        assert await waiting is None
        await back(line)
        await line.ask("PUBLISH", "channel", b"again")
        assert await anext(heard) == b"again"


async def test_a_listener_notices_a_server_that_hangs(line: RedisLine, valkey: ValkeyServer):
    async with aclosing(line.hear("channel")) as heard, asyncio.timeout(20):
        assert await anext(heard) is None
        waiting = asyncio.ensure_future(anext(heard))
        valkey.sleep()
        await asyncio.wait([waiting], timeout=0.5)
        assert not waiting.done()
        valkey.wake()
        assert await waiting is None


async def test_those_who_ask_need_not_find_out_what_a_listener_knows(
    line: RedisLine, valkey: ValkeyServer
):
    async with aclosing(line.hear("channel")) as heard, asyncio.timeout(10):
        assert await anext(heard) is None
        waiting = asyncio.ensure_future(anext(heard))
        valkey.stop()
        await until(lambda: not line.is_up)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
