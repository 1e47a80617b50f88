"""A server asked to stop: streams and runs end in good order, clients go on after a restart."""

import asyncio
import time
from typing import Any

import httpx2

from tests.e2e.resilience.client import EventStream, Member, check_whole, said_in
from tests.e2e.resilience.model import Model, in_turn
from tests.e2e.resilience.processes import Hexdesk
from tests.openai_server import Always, Reply

TEXT = "All of your tickets are open, and each of them waits for somebody to look at it."
MOST_SECONDS = 15


async def gone_on(member: Member, thread: str, stream: EventStream) -> dict[str, Any]:
    """Check that the stream ended in good order, go on with it, and return the answer in it."""
    assert (stream.comments, stream.is_cut) == (["draining"], False)
    assert not stream.has("run.completed")
    run, last = stream.events[0].data["run_id"], stream.events[-1].id
    async with member.follow(thread, run, last) as rest:
        await rest.to_end()
    _, answer = await member.messages(thread)
    assert answer["content"].startswith(said_in(stream.events))
    return check_whole(stream.events + rest.events, answer)


async def test_a_stopped_server_ends_its_runs_and_clients_get_the_rest_from_the_next_one(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, up.url)
    thread, other_thread = await ann.thread(), await ann.thread()
    model.when("slowly, please", Always(Reply(text=TEXT, chunks=20, chunk_latency=0.1)))
    model.when("all at once", Always(Reply(text=TEXT, latency=2)))
    whole = asyncio.create_task(ann.say(other_thread, "all at once"))
    await model.asked("all at once")
    async with httpx2.AsyncClient(trust_env=False, verify=False) as idle:
        # A client that keeps its connection for later does not keep the server.
        await idle.get(f"{up.url}/health")
        async with ann.say_streaming(thread, "slowly, please") as stream:
            await stream.until(lambda stream: stream.has("text.delta"))
            up.terminate()
            await stream.to_end()
        assert (await whole).content == TEXT
        answered_at = time.monotonic()
        assert await up.exit_code() == 0
        assert time.monotonic() - answered_at < 5
    await up.start()
    response = await gone_on(ann, thread, stream)
    assert (response["message"]["content"], response["degraded"]) == (TEXT, False)


async def test_a_server_stops_in_time_though_a_model_hangs_and_the_next_one_ends_the_runs(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, up.url)
    thread, other_thread = await ann.thread(), await ann.thread()
    model.when("tell me", Always(Reply(text=TEXT, hangs_after=6)))
    model.when("tell me all", in_turn(Always(Reply(hangs_after=0)), Always(Reply(text=TEXT))))
    asking = [asyncio.create_task(ann.say(other_thread, "tell me all", key="all"))]
    await model.asked("tell me all")
    asking.append(asyncio.create_task(ann.say(other_thread, "and more")))
    async with ann.say_streaming(thread, "tell me") as stream:
        await stream.until(lambda stream: stream.has("text.delta"))
        began = time.monotonic()
        up.terminate()
        await stream.to_end()
        assert time.monotonic() - began < 2
    answers = await asyncio.gather(*asking)
    assert await up.exit_code() == 0
    assert time.monotonic() - began < MOST_SECONDS
    # What is stored is still being answered; what is not may be sent again.
    assert [answer.status for answer in answers] == [409, 503]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    await up.start()
    response = await gone_on(ann, thread, stream)
    assert "temporarily unavailable" in response["message"]["content"]
    assert response["degraded_reason"] == "model_unavailable"
    again = await ann.say(other_thread, "tell me all", key="all")
    assert (again.status, again.content, again.body["degraded"]) == (201, TEXT, False)
    assert len(await ann.messages(other_thread)) == 2
