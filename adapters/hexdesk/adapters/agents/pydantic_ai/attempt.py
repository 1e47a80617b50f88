"""One run: what it says and calls, and how far it came for another model to go on."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Self, cast

from pydantic_ai import CallToolsNode, ModelRequestNode, UsageLimits
from pydantic_ai.messages import (
    AgentStreamEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    repair_messages,
)
from pydantic_ai.models import Model
from pydantic_ai.run import AgentRun
from pydantic_ai.usage import RunUsage
from pydantic_graph import BaseNode, End

from hexdesk.adapters.agents.pydantic_ai.conversation import (
    as_messages,
    as_question,
    asked_before,
    call_ids,
    first_step,
    name_calls_apart,
    pack,
    told_anew,
    unpack,
)
from hexdesk.adapters.agents.pydantic_ai.handover import AnyAgent, HandOver
from hexdesk.adapters.agents.pydantic_ai.toolset import RunTools
from hexdesk.core.model.chat import Usage
from hexdesk.core.ports.agents import (
    RunProgress,
    RunRequest,
    StepTaken,
    TextDelta,
    ToolStarted,
)

Run = AgentRun[RunTools, str | HandOver]
Node = BaseNode[Any, Any, Any]

PARAGRAPH = "\n\n"
WITHOUT_TOOLS = (
    "Your tools are temporarily unavailable: you cannot look anything up or change anything. "
    "If the person needs that, say so."
)


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A run in progress; another model can go on where one failed before it said anything.

    `steps` are the run's own messages so far, beginning with the person's, or with the call that a
    person has decided about. `asked_before` is the conversation that led to such a call.
    """

    request: RunRequest
    agent: AnyAgent
    tools: RunTools
    earlier: list[ModelMessage]
    asked_before: list[ModelMessage]
    steps: list[ModelMessage]
    usage: RunUsage
    has_spoken: bool = False
    confidence: float | None = None
    handover: str | None = None
    asked_again: set[str] = field(default_factory=set[str])
    _is_mid_paragraph: bool = False
    _begun: list[ModelMessage] = field(default_factory=list[ModelMessage])
    _known: int = 0

    @classmethod
    def of(cls, request: RunRequest, agent: AnyAgent, tools: RunTools) -> Self:
        """Return a run at its beginning, or at its last stored step."""
        decided = request.decided
        begun = first_step(decided) if decided else as_question(request)
        steps = told_anew(unpack(request.steps), request.knowledge) if request.steps else begun
        # The model was not asked for the call that a decision is about, not in this run.
        responses = _responses(steps[len(begun) :])
        return cls(
            request=request,
            agent=agent,
            tools=tools,
            earlier=as_messages(request.history),
            asked_before=asked_before(request, decided) if decided else [],
            steps=steps,
            usage=_usage(responses),
            has_spoken=request.streams and any(map(_text, responses)),
        )

    @property
    def history(self) -> list[ModelMessage]:
        """Return what was said before this run."""
        return [*self.earlier, *self.asked_before]

    def whole(self) -> bytes:
        """Return how far the run is, for another run to go on from, as it is stored."""
        return pack([*self.asked_before, *self.steps])

    async def go_on(self, model: Model) -> AsyncGenerator[RunProgress]:
        """Yield what happens until the answer is whole, or a call waits for a person.

        Raise for what the model does wrong.
        """
        settings = self.request.settings
        # pydantic-ai joins neighbours of the same side, so what is new cannot be found by counting
        # what was given: it is joined here, and what comes after it is new.
        known = repair_messages([*self.history, *self.steps], repair_last_response=False)
        self._begun, self._known = self.steps, len(known)
        async with self.agent.iter(
            None if self.steps else self.request.content,
            message_history=known,
            model=model,
            instructions=WITHOUT_TOOLS if self.tools.problem else None,
            deps=self.tools,
            usage=self.usage,
            usage_limits=UsageLimits(request_limit=settings.max_iterations),
            infer_name=False,
        ) as run:
            node: Node | End[Any] = run.next_node
            while not isinstance(node, End):
                async with aclosing(self._progress(run, node)) as progress:
                    async for item in progress:
                        yield item
                async with asyncio.timeout(self._seconds(node)):
                    node = await run.next(node)
                self._keep(run, node)
                if isinstance(node, End):
                    self._take(node.data.output)
                elif self.tools.waiting:
                    return

    def _take(self, output: str | HandOver) -> None:
        if isinstance(output, HandOver):
            self.handover = output.reason

    def held_back(self) -> str:
        """Return what was said in a run that is to be told as a whole."""
        if self.request.streams:
            return ""
        return PARAGRAPH.join(filter(None, map(_text, _responses(self.steps))))

    def total_usage(self) -> Usage:
        """Return what the run cost so far."""
        return Usage(
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            requests=self.usage.requests,
        )

    async def _progress(self, run: Run, node: Node) -> AsyncGenerator[RunProgress]:
        """Yield what happens in one node, before the run goes on to the next."""
        if isinstance(node, ModelRequestNode) and self.request.streams:
            asked = cast("ModelRequestNode[RunTools, str | HandOver]", node)
            async with aclosing(self._listen(run, asked)) as deltas:
                async for delta in deltas:
                    yield delta
        elif isinstance(node, CallToolsNode):
            self.confidence = _confidence(node.model_response)
            if node.model_response.tool_calls:
                called = cast("CallToolsNode[RunTools, str | HandOver]", node)
                async with aclosing(self._call_tools(run, called)) as progress:
                    async for item in progress:
                        yield item

    async def _listen(
        self, run: Run, node: ModelRequestNode[RunTools, str | HandOver]
    ) -> AsyncGenerator[TextDelta]:
        deadline = asyncio.get_running_loop().time() + self.request.settings.timeout
        async with AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                stream = await stack.enter_async_context(node.stream(run.ctx))
            events = aiter(stream)
            while True:
                # The deadline is for the model alone, so it must not span a yield.
                async with asyncio.timeout_at(deadline):
                    event = await anext(events, None)
                if event is None:
                    break
                if text := _said(event):
                    yield TextDelta(self._spaced(text))
        self._is_mid_paragraph = False

    async def _call_tools(
        self, run: Run, node: CallToolsNode[RunTools, str | HandOver]
    ) -> AsyncGenerator[RunProgress]:
        said = run.all_messages()
        name_calls_apart(node.model_response, call_ids(said[:-1]))
        is_new = len(said) > self._known
        own = [*said[self._known : -1], node.model_response] if is_new else []
        yield StepTaken(pack([*self._begun, *own]))
        async with node.stream(run.ctx) as events:
            async for event in events:
                if isinstance(event, FunctionToolCallEvent):
                    part = event.part
                    yield ToolStarted(
                        call_id=part.tool_call_id,
                        name=part.tool_name,
                        arguments=_arguments(part),
                    )
                elif isinstance(event, FunctionToolResultEvent):
                    yield self.tools.ended(event.part.tool_call_id, event.part.tool_name or "")

    def _keep(self, run: Run, node: Node | End[Any]) -> None:
        """Keep how far the run is; what the model was about to be asked is part of it."""
        said = run.all_messages()
        self.steps = [*self._begun, *said[self._known :]]
        # One that stands last is taken back, to be asked again.
        is_begun = len(said) < self._known
        if isinstance(node, ModelRequestNode) and not is_begun:
            self.steps.append(node.request)

    def _seconds(self, node: Node) -> float | None:
        return self.request.settings.timeout if isinstance(node, ModelRequestNode) else None

    def _spaced(self, text: str) -> str:
        is_next_paragraph = self.has_spoken and not self._is_mid_paragraph
        self.has_spoken = self._is_mid_paragraph = True
        return PARAGRAPH + text if is_next_paragraph else text


def _said(event: AgentStreamEvent) -> str:
    match event:
        case PartStartEvent(part=TextPart(content=text)):
            return text
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return text
        case _:
            return ""


def _responses(messages: Sequence[ModelMessage]) -> list[ModelResponse]:
    return [one for one in messages if isinstance(one, ModelResponse)]


def _usage(responses: Sequence[ModelResponse]) -> RunUsage:
    """Return what responses cost that an earlier process was given."""
    usage = RunUsage(requests=len(responses))
    for response in responses:
        usage.input_tokens += response.usage.input_tokens
        usage.output_tokens += response.usage.output_tokens
    return usage


def _text(response: ModelResponse) -> str:
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def _arguments(part: ToolCallPart) -> dict[str, Any]:
    """Return a call's arguments; none if they are no JSON object, lest a secret hides in them."""
    try:
        return part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError):
        return {}


def _confidence(response: ModelResponse) -> float | None:
    """Return the mean probability of the answer's tokens, if the provider told it."""
    found: list[dict[str, Any]] = (response.provider_details or {}).get("logprobs") or []
    tokens = [math.exp(float(one["logprob"])) for one in found]
    return round(fmean(tokens), 4) if tokens else None
