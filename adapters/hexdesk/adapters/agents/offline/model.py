"""The offline model as a pydantic-ai model: no key, no network, no weights."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence

from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

from hexdesk.adapters.agents.offline.conversation import Call, HandOver, Said, Say
from hexdesk.adapters.agents.offline.rules import decide
from hexdesk.adapters.agents.offline.transcript import read_messages, tool_calls

MODEL_NAME = "hexdesk-offline-1"
_WORD = re.compile(r"\s*\S+\s*|\s+")


class OfflineModel(FunctionModel):
    """Answers by fixed rules, whole or streamed word by word, always the same for the same input.

    `acting_member_id` tells who "me" is in "assign it to me"; without it that is refused in words.
    """

    def __init__(self, *, acting_member_id: Callable[[], str | None] = lambda: None) -> None:
        self._acting_member_id = acting_member_id
        super().__init__(
            self._respond, stream_function=self._respond_in_words, model_name=MODEL_NAME
        )

    @property
    def system(self) -> str:
        """The provider's name in traces and metrics."""
        return "hexdesk.offline"

    async def _respond(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        decision = self._decide(messages, info)
        if isinstance(decision, Say):
            return ModelResponse(parts=[TextPart(decision.text)])
        call_id = _call_id(messages, decision)
        arguments = dict(decision.arguments)
        return ModelResponse(parts=[ToolCallPart(decision.tool, arguments, tool_call_id=call_id)])

    async def _respond_in_words(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | dict[int, DeltaToolCall]]:
        decision = self._decide(messages, info)
        if isinstance(decision, Say):
            for word in _WORD.findall(decision.text):
                yield word
            return
        call_id = _call_id(messages, decision)
        arguments = json.dumps(decision.arguments)
        yield {0: DeltaToolCall(decision.tool, arguments, tool_call_id=call_id)}

    def _decide(self, messages: Sequence[ModelMessage], info: AgentInfo) -> Call | Say:
        """Return what to do next; handing over is a call too, of the output that takes it."""
        if not info.allow_text_output:
            raise UnexpectedModelBehavior(
                f"{MODEL_NAME!r} answers in words only, not in structures"
            )
        tools = {tool.name for tool in info.function_tools}
        conversation = read_messages(messages, self._acting_member_id())
        outputs = [tool.name for tool in info.output_tools]
        decision = decide(conversation, tools, has_people=bool(outputs))
        if isinstance(decision, HandOver):
            return Call(tool=outputs[0], arguments={"reason": decision.reason})
        return decision


def _call_id(messages: Sequence[ModelMessage], call: Call) -> str:
    """Name a call differently from all others in sight, and the same when the run is repeated."""
    taken = tool_calls(messages)
    said = [step.text for step in read_messages(messages, None).steps if isinstance(step, Said)]
    seed = json.dumps([len(messages), said, call.tool, dict(call.arguments)])
    while (name := f"offline_{hashlib.sha256(seed.encode()).hexdigest()[:16]}") in taken:
        seed = name
    return name
