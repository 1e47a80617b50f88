"""People in the loop of real processes: what was decided happens once, wherever and whenever."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.e2e.resilience.client import Answer, Member, check_whole
from tests.e2e.resilience.model import Model, brings_result, echo, in_turn
from tests.e2e.resilience.processes import Hexdesk
from tests.integration.postgres.waiting import until
from tests.openai_server import Behaviour, ChatRequest, Reply, ToolCall

SAID = "Please delete the ticket"
TOOL = "delete_ticket"
GONE = "It is gone."
Pair = tuple[Hexdesk, Hexdesk]


def deletes(request: ChatRequest) -> Reply:
    """Want to delete the first ticket, and say what came of it."""
    if not brings_result(request):
        return Reply(tool_calls=(ToolCall(name=TOOL, arguments={"ticket_id": 1}),))
    told = str(request.messages[-1]["content"])
    return Reply(text=f"I leave it: {told}" if "refused" in told else GONE)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A conversation in which the deletion of a ticket waits for a person."""

    member: Member
    thread: str
    agent: str
    approval: str

    @classmethod
    async def by(
        cls, process: Hexdesk, model: Model, http: httpx2.AsyncClient, behaviour: Behaviour
    ) -> "Asked":
        """Found an organization with a ticket, and have its agent ask to delete it."""
        member = await Member.register(http, process.url)
        await member.call("POST", "/tickets", {"title": "Fire"})
        thread, agent = await member.thread_with(tools_enabled=[TOOL])
        model.when(SAID, behaviour)
        answer = await member.say(thread, SAID)
        assert answer.status == 201, answer.body
        (approval,) = answer.body["approvals"]
        return cls(member=member, thread=thread, agent=agent, approval=approval["id"])

    async def decide(self, *, approve: bool = True, at: str | None = None) -> Answer:
        """Decide on it, at any process."""
        member = self.member.at(at or self.member.url)
        path = f"/approvals/{self.approval}/decision"
        return await member.call("POST", path, {"approve": approve})

    async def resumed(self, at: str | None = None) -> dict[str, Any]:
        """Wait for the run that the decision began, follow it to its end, return its answer."""
        member = self.member.at(at or self.member.url)

        async def has_begun() -> bool:
            return await self._run(member) is not None

        await until(has_begun)
        run = await self._run(member)
        assert run
        async with member.follow(self.thread, run) as stream:
            await stream.to_end()
        messages = await member.messages(self.thread)
        (answer,) = [one for one in messages if one["run_id"] == run and one["role"] != "user"]
        return check_whole(stream.events, answer)

    async def _run(self, member: Member) -> str | None:
        return (await member.get(f"/approvals/{self.approval}"))["resumed_run_id"]

    async def statuses(self) -> list[str]:
        """Return how the agent's calls ended, oldest first."""
        path = f"/agents/{self.agent}/actions?sort=created_at"
        return [one["status"] for one in (await self.member.get(path))["data"]]

    async def titles(self) -> list[str]:
        """Return the titles of the tickets that are left."""
        return [one["title"] for one in await self.member.tickets()]


async def test_what_waits_outlives_the_process_and_is_done_once_it_is_allowed(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    asked = await Asked.by(up, model, http, deletes)
    assert (await asked.member.get(f"/chat/threads/{asked.thread}"))["status"] == "waiting_approval"
    up.kill()
    await up.start()
    assert await asked.titles() == ["Fire"]
    decided = await asked.decide()
    assert (decided.status, decided.body["status"]) == (200, "approved")
    response = await asked.resumed()
    assert response["message"]["content"] == GONE
    assert [use["status"] for use in response["tools_used"]] == ["ok"]
    assert await asked.titles() == []
    assert await asked.statuses() == ["awaiting_approval", "ok"]
    assert (await asked.member.get(f"/chat/threads/{asked.thread}"))["status"] == "active"


async def test_what_is_refused_is_not_done_and_the_model_knows(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    asked = await Asked.by(up, model, http, deletes)
    up.terminate()
    await up.exit_code()
    await up.start()
    assert (await asked.decide(approve=False)).status == 200
    response = await asked.resumed()
    assert response["message"]["content"] == "I leave it: a person refused this call"
    assert await asked.titles() == ["Fire"]
    assert await asked.statuses() == ["awaiting_approval", "denied"]


async def test_a_process_that_dies_after_the_call_leaves_one_effect(
    up: Hexdesk, model: Model, http: httpx2.AsyncClient
) -> None:
    asked = await Asked.by(up, model, http, model.held(deletes, when=brings_result))
    before = len(model.requests(SAID))
    run = (await asked.decide()).body["resumed_run_id"]
    await model.asked(SAID, before + 1)
    assert await asked.titles() == []
    up.kill()
    model.resume()
    await up.start()
    response = await asked.resumed()
    assert (response["run_id"], response["message"]["content"]) == (run, GONE)
    assert [use["status"] for use in response["tools_used"]] == ["ok"]
    assert await asked.statuses() == ["awaiting_approval", "ok"]
    second = await asked.decide()
    assert second.status == 409


async def test_of_decisions_at_two_processes_at_once_one_is_made(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    for approve in (True, False):
        asked = await Asked.by(one, model, http, deletes)
        answers = await asyncio.gather(
            *(asked.decide(approve=approve, at=api.url) for api in (one, other) for _ in range(4))
        )
        assert sorted(answer.status for answer in answers) == [200] + [409] * 7
        response = await asked.resumed(at=other.url)
        assert (response["message"]["content"] == GONE) is approve
        assert await asked.titles() == ([] if approve else ["Fire"])
        assert len(await asked.statuses()) == 2


async def test_what_was_decided_while_a_run_is_at_work_elsewhere_is_begun_when_that_is_over(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    asked = await Asked.by(one, model, http, deletes)
    # In the run that goes on it is the last thing that the person said.
    model.when("Meanwhile?", in_turn(model.held(echo), deletes))
    asking = asyncio.create_task(asked.member.say(asked.thread, "Meanwhile?"))
    await model.asked("Meanwhile?")
    decided = await asked.decide(at=other.url)
    assert (decided.status, decided.body["resumed_run_id"]) == (200, None)
    assert await asked.titles() == ["Fire"]
    model.resume()
    assert (await asking).status == 201
    assert (await asked.resumed())["message"]["content"] == GONE
    assert await asked.titles() == []


async def test_a_run_says_nothing_once_a_person_took_over_at_another_process(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    member = await Member.register(http, one.url)
    thread = await member.thread()
    model.when("Hello?", model.held(echo))
    async with member.say_streaming(thread, "Hello?") as stream:
        await model.asked("Hello?")
        taken = await member.at(other.url).call("POST", f"/chat/threads/{thread}/handoff")
        assert taken.status == 200
        model.resume()
        await stream.to_end()
    last = stream.events[-1]
    assert last.name == "run.failed"
    assert last.data["type"].endswith("/thread-taken-over")
    assert [one["role"] for one in await member.messages(thread)] == ["user"]
    run = stream.events[0].data["run_id"]
    async with member.at(other.url).follow(thread, run) as again:
        await again.to_end()
    assert [(event.id, event.name) for event in again.events] == [
        (event.id, event.name) for event in stream.events
    ]


async def test_of_an_answer_and_a_person_at_once_never_both_are_there(
    apis: Pair, model: Model, http: httpx2.AsyncClient
) -> None:
    one, other = apis
    member = await Member.register(http, one.url)

    async def race(number: int) -> bool:
        thread = await member.thread()
        said = f"Hello number {number}?"
        model.when(said, echo)
        asking = asyncio.create_task(member.say(thread, said))
        await model.asked(said)
        for _ in range(10 * number):
            await asyncio.sleep(0)
        await member.at(other.url).call("POST", f"/chat/threads/{thread}/handoff")
        seen = await member.messages(thread)
        answer = await asking
        assert answer.status == 201
        # Whatever the person saw on taking over is all there is.
        assert await member.messages(thread) == seen
        assert (answer.body["message"] is None) is (len(seen) == 1)
        return len(seen) == 1

    await asyncio.gather(*(race(number) for number in range(24)))
