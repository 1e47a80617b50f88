"""The response cache: the same question in the same situation, and nothing else."""

from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import AgentSettings, ToolUse, ToolUseStatus
from hexdesk.core.model.chat import DegradedReason, MessageRole, Turn
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import Member, Person
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.agents import RunRequest
from hexdesk.core.testing import MemoryCache, SteadyClock, saying
from hexdesk.core.testing.examples import new_id
from hexdesk.core.use_cases.answers import Outcome
from hexdesk.core.use_cases.response_cache import CachedResponse, ResponseCache
from tests.unit.core.scenes import Scene, customer_of
from tests.unit.core.scripts import finished, started

MEMBER = Member(organization_id=new_id(), user_id=new_id(), role=Role.USER)
CUSTOMER = customer_of(MEMBER, "cy@example.com")
REQUEST = RunRequest(
    run_id=new_id(),
    agent_id=new_id(),
    settings=AgentSettings(),
    instructions="Be kind.",
    history=(Turn(MessageRole.USER, "Hello?"),),
    content="When do you open?",
    tools=frozenset({"get_ticket", "list_tickets"}),
    capability="one",
)
ANSWER = CachedResponse(text="At nine.", model="scripted")
USE = ToolUse(
    call_id="call-1", name="get_ticket", arguments={}, status=ToolUseStatus.OK, duration_ms=1
)


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache(SteadyClock())


async def keep(
    cache: MemoryCache,
    who: Person = MEMBER,
    request: RunRequest = REQUEST,
    outcome: Outcome | None = None,
) -> ResponseCache:
    responses = ResponseCache(cache=cache, is_on=True)
    await responses.keep(who, request, "At nine.", outcome or Outcome(model="scripted"))
    return responses


async def test_the_same_question_of_another_run_gets_the_same_answer(cache: MemoryCache) -> None:
    responses = await keep(cache)
    again = replace(REQUEST, run_id=new_id(), capability="another")
    assert await responses.find(MEMBER, again) == ANSWER


@pytest.mark.parametrize(
    "change",
    [
        {"agent_id": new_id()},
        {"settings": AgentSettings(temperature=1)},
        {"instructions": "Be brief."},
        {"history": ()},
        {"history": (Turn(MessageRole.ASSISTANT, "Hello?"),)},
        {"content": "When do you close?"},
        {"tools": frozenset({"get_ticket"})},
        {"knowledge": "We open at ten."},
    ],
)
async def test_another_situation_is_another_question(
    cache: MemoryCache, change: dict[str, Any]
) -> None:
    responses = await keep(cache)
    assert await responses.find(MEMBER, replace(REQUEST, **change)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MEMBER, replace(MEMBER, organization_id=new_id())),
        (MEMBER, replace(MEMBER, user_id=new_id())),
        (MEMBER, replace(MEMBER, role=Role.ADMIN)),
        (MEMBER, CUSTOMER),
        (CUSTOMER, replace(CUSTOMER, customer_id="U2")),
        (CUSTOMER, replace(CUSTOMER, is_verified=False)),
    ],
)
async def test_nobody_gets_an_answer_made_for_another(
    cache: MemoryCache, one: Person, other: Person
) -> None:
    responses = await keep(cache, one)
    assert await responses.find(one, REQUEST) == ANSWER
    assert await responses.find(other, REQUEST) is None


async def test_an_answer_is_kept_for_five_minutes() -> None:
    clock = SteadyClock()
    responses = await keep(MemoryCache(clock))
    clock.advance(299)
    assert await responses.find(MEMBER, REQUEST)
    clock.advance(1)
    assert await responses.find(MEMBER, REQUEST) is None


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(model="scripted", reason=DegradedReason.MCP_UNAVAILABLE),
        Outcome(model="scripted", tool_uses={"call-1": USE}),
    ],
)
async def test_degraded_answers_and_those_with_tools_are_not_kept(
    cache: MemoryCache, outcome: Outcome
) -> None:
    responses = await keep(cache, outcome=outcome)
    assert await responses.find(MEMBER, REQUEST) is None


class StrangersCache(MemoryCache):
    """Keeps what a process of another version wrote."""

    async def get(self, key: str) -> bytes | None:
        found = await super().get(key)
        return found and b"\xc1" + found


async def test_what_another_version_kept_is_made_anew() -> None:
    responses = await keep(StrangersCache(SteadyClock()))
    assert await responses.find(MEMBER, REQUEST) is None


async def test_a_run_that_goes_on_neither_asks_nor_fills_the_cache(cache: MemoryCache) -> None:
    resumed = replace(REQUEST, steps=b"step 1")
    responses = await keep(cache, request=resumed)
    assert await responses.find(MEMBER, REQUEST) is None
    await keep(cache)
    assert await responses.find(MEMBER, resumed) is None


CACHING = DeskSettings(caches_responses=True)


async def test_a_cached_answer_is_a_whole_answer_without_a_model() -> None:
    scene = Scene.of(saying("At nine."), settings=CACHING)
    who = await scene.founder()
    first = await scene.ask(who, await scene.thread(who), "When do you open?")
    second = await scene.ask(who, await scene.thread(who), "When do you open?")
    assert first.message
    assert second.message
    assert second.message.content == first.message.content == "At nine."
    assert second.message.id != first.message.id
    assert (second.model, second.usage.requests) == ("scripted", 0)
    assert len(scene.runner.requests) == 1


async def test_an_answer_that_took_a_tool_is_made_anew() -> None:
    scene = Scene.of((started(), finished(), *saying("One.")), saying("Two."), settings=CACHING)
    who = await scene.founder()
    for _ in range(2):
        await scene.ask(who, await scene.thread(who), "How many are open?")
    assert len(scene.runner.requests) == 2


async def test_the_cache_is_off_unless_it_is_switched_on() -> None:
    scene = Scene.of(saying("At nine."), saying("At ten."))
    who = await scene.founder()
    for _ in range(2):
        await scene.ask(who, await scene.thread(who), "When do you open?")
    assert len(scene.runner.requests) == 2
