"""Runs agents with pydantic-ai, step by step."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec
from cachetools import TTLCache
from pydantic_ai import Agent, StructuredDict
from pydantic_ai.exceptions import AgentRunError, UsageLimitExceeded, UserError
from pydantic_ai.settings import ModelSettings

from hexdesk.adapters.agents.pydantic_ai.attempt import Attempt
from hexdesk.adapters.agents.pydantic_ai.failures import is_passing, words
from hexdesk.adapters.agents.pydantic_ai.handover import WORDS_OR_HANDOVER, AnyAgent
from hexdesk.adapters.agents.pydantic_ai.models import ChosenModel, ModelShelf
from hexdesk.adapters.agents.pydantic_ai.signs_of_life import SignsOfLife
from hexdesk.adapters.agents.pydantic_ai.toolset import RunTools, ToolAccessToolset
from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.model.agents import AgentSettings, AgentStatus, ToolUseStatus
from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.model.tickets import TicketDraft
from hexdesk.core.policy.configuration import config_hash
from hexdesk.core.ports.agents import (
    AgentHealth,
    AgentRunner,
    AnswerFinished,
    DecidedCall,
    HandedOver,
    RunProgress,
    RunRequest,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from hexdesk.core.ports.tools import ToolAccess

AGENT_TTL_SECONDS = 1800
MOST_AGENTS = 2000
PAUSE_SECONDS = 0.3
NO_MODEL = "no model can be asked: no provider in the chain is known and has a key"
MODEL_ERRORS = (AgentRunError, UserError, TimeoutError)


def _new_cache() -> TTLCache[str, AnyAgent]:
    return TTLCache[str, AnyAgent](MOST_AGENTS, AGENT_TTL_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PydanticAIRunner(AgentRunner):
    """Builds agents from their settings and runs them.

    Agents are kept 30 minutes under `agent_{id}_{config_hash}`: a changed agent has another hash,
    in whichever process it was changed. One that cannot hand over to a person, since there is
    none, is another one.
    """

    shelf: ModelShelf
    tools: ToolAccess
    agents: TTLCache[str, AnyAgent] = field(default_factory=_new_cache)
    signs_of_life: SignsOfLife = field(default_factory=SignsOfLife)

    async def run(self, request: RunRequest) -> AsyncGenerator[RunProgress]:
        decided = request.decided
        tools = RunTools(
            access=self.tools,
            agent_id=request.agent_id,
            capability=request.capability,
            allowed=request.tools,
            needs_approval=request.needs_approval,
            asks_people=request.asks_people,
            approved_id=decided.call_id if decided else None,
        )
        await tools.load()
        if decided and decided.refusal and not request.steps:
            for item in _refusal(decided):
                yield item
        attempt = Attempt.of(request, self._agent(request), tools)
        end = _End(name=f"{request.settings.model_provider}:{request.settings.model_name}")
        async with aclosing(self._try_all(request, attempt, end)) as progress:
            async for item in progress:
                yield item
        if text := attempt.held_back():
            yield TextDelta(text)
        for needed in tools.waiting.values():
            yield needed
        if attempt.handover:
            yield HandedOver(attempt.handover)
        if tools.problem and not end.reason:
            end.reason, end.detail = DegradedReason.MCP_UNAVAILABLE, tools.problem
        yield AnswerFinished(
            model=end.name,
            usage=attempt.total_usage(),
            degraded_reason=end.reason,
            detail=end.detail,
            confidence=None if end.reason else attempt.confidence,
            steps=attempt.whole() if tools.waiting else None,
        )

    async def _try_all(
        self, request: RunRequest, attempt: Attempt, end: "_End"
    ) -> AsyncGenerator[RunProgress]:
        tries = await self._tries(request)
        while tries:
            chosen = tries.pop(0)
            end.name = chosen.name
            try:
                async with aclosing(attempt.go_on(chosen.model)) as progress:
                    async for item in progress:
                        yield item
            except UsageLimitExceeded as error:
                end.reason, end.detail = DegradedReason.RUN_LIMIT, str(error)
                return
            except MODEL_ERRORS as error:
                end.detail = words(error)
                tries = _next_tries(attempt, chosen, tries, error)
                if tries and tries[0] is chosen:
                    await asyncio.sleep(PAUSE_SECONDS)
            else:
                end.reason = end.detail = None
                return

    async def draft_ticket(self, request: RunRequest) -> TicketDraft:
        (schema,), components = msgspec.json.schema_components(
            [TicketDraft], ref_template="#/$defs/{name}"
        )
        root = components.pop(schema["$ref"].rpartition("/")[2])
        shape = StructuredDict({**root, "$defs": components}, name="ticket")
        problem = NO_MODEL
        for chosen in await self._tries(request):
            agent = Agent(chosen.model, output_type=shape, instructions=request.instructions)
            try:
                async with asyncio.timeout(request.settings.timeout):
                    result = await agent.run(
                        request.content, model_settings=_model_settings(request.settings)
                    )
                return msgspec.convert(result.output, TicketDraft)
            except (*MODEL_ERRORS, msgspec.ValidationError) as error:
                problem = words(error)
        raise ModelUnavailableError(problem)

    async def check(self, request: RunRequest) -> AgentHealth:
        settings = request.settings
        own, problem = f"{settings.model_provider}:{settings.model_name}", NO_MODEL
        for place, chosen in enumerate(await self._tries(request)):
            if await self.signs_of_life.of(chosen, settings.timeout):
                is_own = chosen.name == own or (request.inherits_model and place == 0)
                if is_own:
                    return AgentHealth(status=AgentStatus.OK, detail=f"{chosen.name} answers")
                detail = f"{chosen.name} answers in place of {own}"
                return AgentHealth(status=AgentStatus.DEGRADED, detail=detail)
            problem = f"{chosen.name} does not answer"
        return AgentHealth(status=AgentStatus.DOWN, detail=problem)

    async def _tries(self, request: RunRequest) -> list[ChosenModel]:
        await self.shelf.prepare(request.settings)
        chain = self.shelf.chain(request.settings, inherits_model=request.inherits_model)
        return list(chain)

    def _agent(self, request: RunRequest) -> AnyAgent:
        settings = request.settings
        key = f"agent_{request.agent_id}_{config_hash(settings)}"
        key = key if request.asks_people else f"{key}_alone"
        agent = self.agents.get(key)
        if agent is None:
            agent = Agent(
                name=settings.name,
                deps_type=RunTools,
                output_type=WORDS_OR_HANDOVER if request.asks_people else str,
                instructions=request.instructions,
                model_settings=_model_settings(settings),
                retries={"tools": settings.max_iterations, "output": 1},
                toolsets=[ToolAccessToolset()],
            )
            self.agents[key] = agent
        return agent


def _refusal(decided: DecidedCall) -> tuple[ToolStarted, ToolFinished]:
    """Return the beginning and the end of a call that is not made."""
    call_id, name = decided.call_id, decided.name
    return (
        ToolStarted(call_id=call_id, name=name, arguments=decided.arguments),
        ToolFinished(
            call_id=call_id,
            name=name,
            status=ToolUseStatus.DENIED,
            duration_ms=0,
            error=decided.refusal,
        ),
    )


@dataclass(slots=True, kw_only=True)
class _End:
    """How a run ends, unless it turns out otherwise."""

    name: str
    reason: DegradedReason | None = DegradedReason.MODEL_UNAVAILABLE
    detail: str | None = NO_MODEL


def _next_tries(
    attempt: Attempt, failed: ChosenModel, rest: list[ChosenModel], error: Exception
) -> list[ChosenModel]:
    """Return whom to ask after a failure: the same once more if it may pass, then the others.

    What the person has read was said by this model, so after that no other may go on with it.
    """
    if attempt.has_spoken:
        return []
    if is_passing(error) and failed.name not in attempt.asked_again:
        attempt.asked_again.add(failed.name)
        return [failed, *rest]
    return rest


def _model_settings(settings: AgentSettings) -> ModelSettings:
    return ModelSettings(
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        timeout=settings.timeout,
        max_retries=0,
    )
