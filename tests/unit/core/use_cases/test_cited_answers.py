"""Answers that quote files: what is stored, what is streamed and what is cited agree."""

import logging
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import BusyError
from hexdesk.core.model.agents import AgentChange, NewAgent
from hexdesk.core.model.chat import ChatResponse, Citation, DegradedReason, Message
from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.policy.words import NOTICES
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.examples import an_event
from hexdesk.core.testing.file_examples import a_file
from hexdesk.core.use_cases.send_message import NewMessage
from tests.unit.core.asking import content, events_of
from tests.unit.core.lost_runs import LEASE, begin, recovered
from tests.unit.core.reading import give_to_agent, read_file
from tests.unit.core.scenes import Fakes, Scene, text_of
from tests.unit.core.scripts import DONE, Gate, degraded, finished, started, step

PAGES = ("Refunds are paid within 14 days.", "We are open from nine to five.")
REFUNDS = '[[1: "paid within 14 days"]]'
HOURS = '[[2: "open from nine to five"]]'
ANSWER = f"Two weeks {REFUNDS}. Until five {HOURS}."


async def knowing(*scripts: Script, fakes: Fakes | None = None) -> tuple[Scene, Member, File]:
    """Return a desk whose agent knows a file with two pages."""
    scene = Scene.of(*scripts, fakes=fakes)
    who = await scene.founder()
    file = await read_file(scene, who, *PAGES, filename="manual.pdf")
    await give_to_agent(scene, who, file)
    return scene, who, file


async def answered(*scripts: Script) -> tuple[Scene, Member, ChatResponse]:
    """Return the answer of an agent that knows a file."""
    scene, who, _ = await knowing(*scripts)
    return scene, who, await scene.ask(who, await scene.thread(who))


def quotes(response: ChatResponse) -> list[tuple[int | None, str]]:
    """Return the pages and words that an answer cites."""
    assert response.message
    return [(one.page, one.quote) for one in response.message.citations]


BOTH = [(1, "paid within 14 days"), (2, "open from nine to five")]


async def test_the_model_is_given_what_files_say_and_the_answer_cites_it() -> None:
    scene, who, file = await knowing(saying(ANSWER))
    response = await scene.ask(who, await scene.thread(who))
    assert content(response) == "Two weeks [1]. Until five [2]."
    assert response.message
    assert response.message.citations[0] == Citation(
        file_id=file.id, filename="manual.pdf", page=1, quote="paid within 14 days"
    )
    (request,) = scene.runner.requests
    assert "Refunds are paid within 14 days." in request.knowledge
    assert request.content == "Hello?"


async def test_stored_text_deltas_and_answer_agree_however_the_model_cuts_them() -> None:
    deltas = [TextDelta(letter) for letter in ANSWER]
    scene, who, response = await answered((*deltas, DONE))
    events = await events_of(scene, who, response)
    [_, stored] = await scene.messages(
        who, await scene.desk.chat.get_thread(who, response.thread_id)
    )
    assert text_of(events) == stored.content == content(response)
    assert stored.citations == (response.message and response.message.citations)
    assert quotes(response) == BOTH


async def test_what_is_in_no_file_is_dropped_and_counted() -> None:
    scene, _, response = await answered(saying(f'Soon [[1: "paid within 3 days"]], {REFUNDS}'))
    assert content(response) == "Soon, [1]"
    assert quotes(response) == BOTH[:1]
    assert scene.telemetry.citations == [(1, 1)]


async def test_an_answer_without_citations_counts_none() -> None:
    scene, _, response = await answered(saying("Hello!"))
    assert content(response) == "Hello!"
    assert scene.telemetry.citations == [(0, 0)]


async def test_without_files_nothing_is_a_marker() -> None:
    scene = Scene.of(saying(ANSWER))
    who = await scene.founder()
    assert content(await scene.ask(who, await scene.thread(who))) == ANSWER
    assert scene.runner.requests[0].knowledge == ""


async def test_only_an_agent_with_files_costs_a_look_for_them() -> None:
    scene, who, _ = await knowing(saying("One."), saying("Two."))
    stranger = await scene.desk.agents.add(who, NewAgent())
    opened: list[int] = []
    for agent_id in (None, stranger.id):
        thread = await scene.thread(who, agent_id=agent_id)
        before = len(scene.storage.opened_for)
        await scene.ask(who, thread)
        opened.append(len(scene.storage.opened_for) - before)
    assert opened[0] == opened[1] + 1


async def test_what_is_held_back_is_said_before_a_tool_is_called() -> None:
    script = (TextDelta("Wait [["), step(), started(), finished(), *saying(f"Yes {REFUNDS}"))
    scene, who, response = await answered(script)
    assert content(response) == "Wait [[Yes [1]"
    types = [event.type for event in await events_of(scene, who, response)]
    assert types.index("text.delta") < types.index("tool.started")


async def test_a_call_without_a_step_ends_the_text_before_it_too() -> None:
    script = (TextDelta("Wait [["), started(), finished(), *saying("Yes"))
    _, _, response = await answered(script)
    assert content(response) == "Wait [[Yes"


async def test_what_is_held_back_is_said_when_the_model_fails() -> None:
    async def fail() -> None:
        raise RuntimeError("the model is gone")

    _, _, response = await answered((TextDelta(f"Yes {REFUNDS} and [[2: "), fail))
    notice = NOTICES[DegradedReason.MODEL_UNAVAILABLE]
    assert content(response) == f"Yes [1] and [[2: \n\n{notice}"
    assert quotes(response) == BOTH[:1]


async def test_a_degraded_answer_keeps_what_it_cites() -> None:
    _, _, response = await answered(degraded(DegradedReason.RUN_LIMIT, f"Yes {REFUNDS}."))
    assert content(response).startswith("Yes [1].")
    assert quotes(response) == BOTH[:1]


async def left_behind(script: Script, *goes_on: Script) -> tuple[Scene, Member, ChatResponse]:
    """Return the answer to a run of a process that died at the end of its script."""
    fakes, gate = Fakes.new(), Gate()
    dead, who, _ = await knowing((*script, gate), fakes=fakes)
    alive = Scene.of(*goes_on, fakes=fakes)
    run = await begin(dead, who)
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    alive.clock.advance(LEASE)
    return alive, who, await recovered(alive, who, run)


async def test_another_process_counts_on_from_what_was_cited() -> None:
    first = (TextDelta(f"Two weeks {REFUNDS}. "), step(), started())
    again = (started(), finished(), *saying(f"Until five {HOURS}, so {REFUNDS}."))
    scene, who, response = await left_behind(first, again)
    assert content(response) == "Two weeks [1]. Until five [2], so [1]."
    assert quotes(response) == BOTH
    assert not response.degraded
    assert text_of(await events_of(scene, who, response)) == content(response)


async def test_what_was_held_back_when_a_process_died_is_not_missed() -> None:
    first = (TextDelta("Let me see. "), step(), started(), finished(), TextDelta('[[1: "paid'))
    again = (started(), finished(), *saying(f"Here {REFUNDS}."))
    _, _, response = await left_behind(first, again)
    assert content(response) == "Let me see. Here [1]."
    assert not response.degraded


async def test_a_run_that_was_cut_off_keeps_the_citations_of_its_steps() -> None:
    fakes, gate = Fakes.new(), Gate()
    dead, who, _ = await knowing((TextDelta(f"Soon {REFUNDS}. "), step(), gate), fakes=fakes)
    run = await begin(dead, who)
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    async with fakes.memory.transaction(who) as tx:
        events, _ = await tx.event_log.after(run.id, 0)
        await tx.event_log.add(run.id, [an_event(len(events) + 1, "And th")])
    alive = Scene.of(fakes=fakes)
    alive.clock.advance(LEASE)
    response = await recovered(alive, who, run)
    assert response.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert content(response).startswith("Soon [1]. And th")
    assert quotes(response) == BOTH[:1]


async def test_a_file_that_was_deleted_meanwhile_is_cited_no_more() -> None:
    scene, who, file = await knowing(saying(ANSWER), saying(ANSWER))
    await scene.ask(who, await scene.thread(who))
    async with scene.storage.transaction(who) as tx:
        await tx.files.remove(file.id)
    response = await scene.ask(who, await scene.thread(who))
    assert scene.runner.requests[1].knowledge == ""
    assert quotes(response) == []


async def test_a_search_that_fails_leaves_an_answer_without_knowledge(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene, who, _ = await knowing(saying("Hello!"))
    thread = await scene.thread(who)

    async def accepted() -> None:
        scene.storage.at_commit.append(BusyError("too busy to search"))

    scene.storage.at_commit.append(accepted)
    with caplog.at_level(logging.WARNING, "hexdesk.knowledge"):
        response = await scene.ask(who, thread)
    assert (content(response), response.degraded) == ("Hello!", False)
    assert scene.runner.requests[0].knowledge == ""
    assert "knowledge not found" in [record.message for record in caplog.records]


async def attached(*retentions: int) -> Sequence[str]:
    """Return the knowledge of runs whose thread has a message with an attachment."""
    given: list[str] = []
    for retention in retentions:
        scene = Scene.of(saying("One."), saying("Two."))
        who = await scene.founder()
        agent = await scene.agent(who)
        await scene.desk.agents.change(who, agent.id, AgentChange(memory_retention=retention))
        file = await read_file(scene, who, *PAGES)
        thread = await scene.thread(who)
        first = await scene.ask(who, thread)
        await attach(scene, who, first.user_message, file)
        await scene.ask(who, thread)
        given.append(scene.runner.requests[1].knowledge)
    return given


async def attach(scene: Scene, who: Member, message: Message, file: File) -> None:
    async with scene.fakes.memory.transaction(who) as tx:
        thread = await tx.threads.get(message.thread_id)
        messages = await tx.messages.latest(thread.id, 9)
        await tx.threads.remove(thread.id)
        await tx.threads.add(thread)
        for one in messages:
            is_it = one.id == message.id
            await tx.messages.add(replace(one, attachments=(file.id,)) if is_it else one)


async def test_attachments_are_known_as_long_as_their_message_is_remembered() -> None:
    remembered, forgotten, without_memory = await attached(2, 1, 0)
    assert PAGES[0] in remembered
    assert forgotten == without_memory == ""


async def test_a_kept_answer_keeps_its_citations() -> None:
    scene = Scene.of(saying(ANSWER), settings=DeskSettings(caches_responses=True))
    who = await scene.founder()
    await give_to_agent(scene, who, await read_file(scene, who, *PAGES))
    first = await scene.ask(who, await scene.thread(who))
    again = await scene.ask(who, await scene.thread(who))
    assert len(scene.runner.requests) == 1
    assert content(again) == content(first) == "Two weeks [1]. Until five [2]."
    assert quotes(again) == quotes(first) == BOTH


@pytest.mark.parametrize(("wait", "seconds"), [(0, 120), (60, 1)])
async def test_what_is_still_being_read_is_told_well_before_the_run_must_end(
    wait: float, seconds: float
) -> None:
    settings = DeskSettings(attachment_wait_seconds=wait)
    scene = Scene.of(saying("Not yet."), settings=settings)
    who = await scene.founder()
    agent = await scene.agent(who)
    await scene.desk.agents.change(who, agent.id, AgentChange(timeout_seconds=seconds))
    file = a_file(status=FileStatus.PROCESSING, filename="letter.pdf")
    async with scene.storage.transaction(who) as tx:
        await tx.files.add(file)
    thread = await scene.thread(who)
    message = NewMessage(content="What is it?", attachments=(file.id,))
    run = await scene.desk.chat.send_message(who, thread.id, message)
    response = await scene.desk.chat.await_answer(who, run)
    assert (content(response), response.degraded) == ("Not yet.", False)
    assert '<unread file="letter.pdf">' in scene.runner.requests[0].knowledge
