"""Many at once: one after the other within a thread, side by side across threads, never twice."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import httpx2

from tests.e2e.resilience.client import PATIENCE_SECONDS, Answer, Member, check_whole
from tests.e2e.resilience.model import Model, echo
from tests.e2e.resilience.processes import Hexdesk
from tests.integration.postgres.waiting import until
from tests.openai_server import Always, Bench, Reply

Pair = tuple[Hexdesk, Hexdesk]


async def say_all(model: Model, thread: str, members: list[Member], count: int) -> list[Answer]:
    """Send messages at once, each to the next of the members' addresses."""
    words = [f"message {number}" for number in range(count)]
    for said in words:
        model.when(said, echo)
    answers = await asyncio.gather(
        *(members[place % len(members)].say(thread, said) for place, said in enumerate(words))
    )
    for said, answer in zip(words, answers, strict=True):
        assert answer.status == 201, answer.body
        assert answer.content == f"You said: {said}"
        assert answer.body["user_message"]["content"] == said
    return answers


def check_history(model: Model, messages: list[dict[str, Any]]) -> None:
    """Check that each message was answered before the next, as the model was told, too."""
    assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2)
    said = [message["content"] for message in messages]
    for place in range(0, len(said), 2):
        assert said[place + 1] == f"You said: {said[place]}"
        (request,) = model.requests(said[place])[-1:]
        told = [one["content"] for one in request.messages if one["role"] != "system"]
        assert told == said[max(0, place - 10) : place + 1]


async def test_messages_to_one_thread_are_answered_one_after_the_other(
    api: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, api.url)
    thread = await ann.thread()
    answers = await say_all(model, thread, [ann], 10)
    messages = await ann.messages(thread)
    check_history(model, messages)
    stored = {message["id"]: message for message in messages}
    for answer in answers:
        assert stored[answer.body["message"]["id"]] == answer.body["message"]


async def test_messages_to_one_thread_by_two_processes_are_answered_one_after_the_other(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    ann = await Member.register(http, one.url)
    thread = await ann.thread()
    await say_all(model, thread, [ann, ann.at(other.url)], 10)
    check_history(model, await ann.messages(thread))


async def test_a_repeated_message_is_answered_once_however_many_come_and_where(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    ann = await Member.register(http, one.url)
    thread = await ann.thread()
    said = "open exactly one ticket"
    model.when(
        said, Bench(tool="create_ticket", arguments={"title": "One"}, text="Done.", latency=0.3)
    )
    asked = len(model.requests(said))
    places = [ann, ann.at(other.url)] * 10
    answers = await asyncio.gather(*(place.say(thread, said, key="one") for place in places))
    assert {answer.status for answer in answers} == {201}
    first = answers[0].body
    assert all(answer.body == first for answer in answers)
    assert sum(not answer.is_replay for answer in answers) == 1
    assert len(model.requests(said)) == asked + 2
    assert [ticket["title"] for ticket in await ann.tickets()] == ["One"]
    assert [message["role"] for message in await ann.messages(thread)] == ["user", "assistant"]


async def test_a_repeated_ticket_is_made_once_however_many_come_and_where(
    apis: Pair, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    ann = await Member.register(http, one.url)
    places = [ann, ann.at(other.url)] * 10
    wish = {"title": "Just one", "tags": ["once"]}
    answers = await asyncio.gather(
        *(place.call("POST", "/tickets", wish, key="ticket") for place in places)
    )
    assert {answer.status for answer in answers} == {201}
    assert all(answer.body == answers[0].body for answer in answers)
    assert {answer.headers["etag"] for answer in answers} == {'"1"'}
    assert sum(not answer.is_replay for answer in answers) == 1
    (ticket,) = await ann.tickets()
    assert (ticket["number"], ticket) == (1, answers[0].body)


async def test_fifty_slow_conversations_need_no_more_than_five_connections(
    api: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    assert api.settings["HEXDESK_DATABASE_POOL"] == "5"
    ann = await Member.register(http, api.url)
    threads = [await ann.thread() for _ in range(50)]
    said = "take your time"
    model.when(said, Bench(tool="search_tickets", text="Here I am.", latency=1))
    began = time.monotonic()
    answers = await asyncio.gather(*(ann.say(thread, said) for thread in threads))
    seconds = time.monotonic() - began
    assert {(answer.status, answer.body["degraded"]) for answer in answers} == {(201, False)}
    assert {answer.content for answer in answers} == {"Here I am."}
    assert seconds < 8, f"fifty messages of two seconds each took {seconds:.1f} s"


async def test_an_answer_is_stored_though_its_client_has_hung_up(
    api: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, api.url)
    thread, other_thread = await ann.thread(), await ann.thread()
    text = "It takes me a while to say all of this."
    model.when("go on", Always(Reply(text=text, chunks=10, chunk_latency=0.1)))
    model.when("go on in silence", Always(Reply(text=text, latency=0.5)))
    async with ann.say_streaming(thread, "go on") as stream:
        await stream.until(lambda stream: stream.has("text.delta"))
        assert not stream.has("run.completed")
    impatient = asyncio.create_task(ann.say(other_thread, "go on in silence"))
    await model.asked("go on in silence")
    impatient.cancel()
    with suppress(asyncio.CancelledError):
        await impatient

    async def is_stored() -> bool:
        both = await ann.messages(thread), await ann.messages(other_thread)
        return all(messages[-1]["content"] == text for messages in both)

    await until(is_stored)
    run = stream.events[0].data["run_id"]
    async with ann.follow(thread, run, stream.events[-1].id) as rest:
        await rest.to_end()
    _, message = await ann.messages(thread)
    assert not check_whole(stream.events + rest.events, message)["degraded"]


async def test_a_run_can_be_followed_wherever_it_is_done(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    ann = await Member.register(http, one.url)
    thread = await ann.thread()
    text = "Whoever listens hears the same."
    model.when("to all of you", Always(Reply(text=text, chunks=10, chunk_latency=0.05)))
    async with ann.say_streaming(thread, "to all of you") as here:
        await here.until(lambda stream: stream.has("run.started"))
        run = here.events[0].data["run_id"]
        async with ann.at(other.url).follow(thread, run) as there:
            await there.to_end()
        await here.to_end()
    assert here.events == there.events
    _, message = await ann.messages(thread)
    check_whole(here.events, message)


async def test_a_wait_too_long_for_the_thread_is_refused_and_stores_nothing(
    small_api: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, small_api.url)
    thread = await ann.thread()
    model.when("first", model.held(echo))
    first = asyncio.create_task(ann.say(thread, "first"))
    await model.asked("first")
    began = time.monotonic()
    second = await ann.say(thread, "second", key="second")
    assert second.status == 409
    assert int(second.headers["retry-after"]) > 0
    assert 0.9 < time.monotonic() - began < 5
    assert len(await ann.messages(thread)) == 1
    model.resume()
    assert (await first).content == "You said: first"
    model.when("second", echo)
    again = await ann.say(thread, "second", key="second")
    assert (again.content, again.is_replay) == ("You said: second", False)


async def test_a_full_instance_refuses_further_conversations_and_stores_nothing(
    small_api: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    ann = await Member.register(http, small_api.url)
    threads = [await ann.thread() for _ in range(6)]
    said = "is there room?"
    model.server.pause()
    model.when(said, echo)
    asked = len(model.requests(said))
    asking = [asyncio.create_task(ann.say(thread, said)) for thread in threads]
    await model.asked(said, asked + 2)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(one.done() for one in asking) < 4:
            left = [one for one in asking if not one.done()]
            await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
    refused = [one.result() for one in asking if one.done()]
    assert [answer.status for answer in refused] == [503] * 4
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    counts = [len(await ann.messages(thread)) for thread in threads]
    assert sorted(counts) == [0, 0, 0, 0, 1, 1]
    model.resume()
    answers = await asyncio.gather(*asking)
    assert sorted(answer.status for answer in answers) == [201, 201, 503, 503, 503, 503]
    assert len(model.requests(said)) == asked + 2
    refused_thread = threads[counts.index(0)]
    assert (await ann.say(refused_thread, said)).status == 201


async def test_a_process_that_slept_past_its_lease_does_no_harm(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    ann = await Member.register(http, one.url)
    sleepy = ann.at(other.url)
    thread = await ann.thread()
    text = "One, two, three, four, five, six, seven, eight, nine, ten."
    model.when("count", Always(Reply(text=text, chunks=20, chunk_latency=0.1)))
    async with sleepy.say_streaming(thread, "count") as stream:
        await stream.until(lambda stream: stream.has("text.delta"))
        other.sleep()
        try:

            async def is_over() -> bool:
                return len(await ann.messages(thread)) == 2

            await until(is_over)
        finally:
            other.wake()
        await stream.to_end()
    _, message = await ann.messages(thread)
    assert message == (await sleepy.messages(thread))[1]
    assert "temporarily unavailable" in message["content"]
    check_whole(stream.events, message)
    for place in (ann, sleepy):
        async with place.follow(thread, stream.events[0].data["run_id"]) as told:
            await told.to_end()
        check_whole(told.events, message)
