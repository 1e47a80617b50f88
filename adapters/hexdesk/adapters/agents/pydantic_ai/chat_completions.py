"""Chat completions without the work that our requests do not need.

Our requests are plain JSON already, and an agent's tools are the same in every request. Looking
through both anew each time, as the libraries do, takes a third of the CPU of a whole run.
"""

from dataclasses import replace
from typing import Any, cast

from cachetools import LRUCache
from openai import AsyncOpenAI, AsyncStream, NotGiven, Omit
from openai.resources.chat import AsyncCompletions
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

MOST_TOOLS = 2000
ABSENT = (Omit, NotGiven)
OPTIONS = {
    "extra_headers": "headers",
    "extra_query": "params",
    "extra_body": "extra_json",
    "timeout": "timeout",
}


def plain_client(base_url: str, api_key: str) -> AsyncOpenAI:
    """Return a client that sends chat completions as they are given, and sends them once."""
    client = AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0)
    client.chat.completions = PlainCompletions(client)  # pyright: ignore[reportAttributeAccessIssue] - a cached property, which an attribute may replace
    return client


class PlainCompletions(AsyncCompletions):
    """Chat completions whose parameters are JSON already."""

    async def create(self, *, stream: bool = False, **given: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - takes what the original takes, and need not name it
        """Ask for a completion."""
        options = {name: given.pop(key, None) for key, name in OPTIONS.items()}
        options = {name: value for name, value in options.items() if value is not None}
        answer: Any = await self._post(
            "/chat/completions",
            body=_given(given) | {"stream": stream},
            options=_given(options) | {"security": {"bearer_auth": True}},
            cast_to=ChatCompletion,
            stream=stream,
            stream_cls=AsyncStream[ChatCompletionChunk],
        )
        return answer


def _given(parameters: dict[str, Any]) -> Any:
    return {key: value for key, value in parameters.items() if not isinstance(value, ABSENT)}


class PlainChatModel(OpenAIChatModel):
    """A chat model that looks through the schema of each tool once."""

    def __init__(self, name: str, client: AsyncOpenAI) -> None:
        """Keep the client, whose connections are the model's."""
        super().__init__(name, provider=OpenAIProvider(openai_client=client))
        self._shaped = LRUCache[int, tuple[ToolDefinition, ToolDefinition]](MOST_TOOLS)

    def customize_request_parameters(
        self, model_request_parameters: ModelRequestParameters
    ) -> ModelRequestParameters:
        """Bring tools into the shape that the model wants."""
        others = replace(model_request_parameters, function_tools=[], output_tools=[])
        return replace(
            super().customize_request_parameters(others),
            function_tools=[self._shape(one) for one in model_request_parameters.function_tools],
            output_tools=[self._shape(one) for one in model_request_parameters.output_tools],
        )

    def prepare_request(
        self,
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        """Leave out what the client does anyway: said again, it costs a new client each time."""
        settings = {k: v for k, v in (model_settings or {}).items() if k != "max_retries"}
        return super().prepare_request(cast("ModelSettings", settings), model_request_parameters)

    def _shape(self, tool: ToolDefinition) -> ToolDefinition:
        # The schema is kept with what was made of it, so its id stands for no other one.
        key = id(tool.parameters_json_schema)
        given, shaped = self._shaped.get(key, (None, tool))
        if given is None or given.strict is not tool.strict:
            alone = ModelRequestParameters(function_tools=[tool])
            (shaped,) = super().customize_request_parameters(alone).function_tools
            self._shaped[key] = (tool, shaped)
        return replace(
            tool, parameters_json_schema=shaped.parameters_json_schema, strict=shaped.strict
        )
