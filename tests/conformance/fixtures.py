"""What the conformance suite wants to find on a server: tools, resources and prompts of its own."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQ"
    "DwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
TEXT = types.TextContent(text="This is a simple text response for testing.")
IMAGE = types.ImageContent(data=PIXEL, mime_type="image/png")
AUDIO = types.AudioContent(data=SILENCE, mime_type="audio/wav")
EMBEDDED = types.EmbeddedResource(
    resource=types.TextResourceContents(
        uri="test://embedded-resource", mime_type="text/plain", text="An embedded resource."
    )
)
TOOLS: dict[str, types.CallToolResult] = {
    "test_simple_text": types.CallToolResult(content=[TEXT]),
    "test_image_content": types.CallToolResult(content=[IMAGE]),
    "test_audio_content": types.CallToolResult(content=[AUDIO]),
    "test_embedded_resource": types.CallToolResult(content=[EMBEDDED]),
    "test_multiple_content_types": types.CallToolResult(content=[TEXT, IMAGE, EMBEDDED]),
    "test_error_handling": types.CallToolResult(
        content=[types.TextContent(text="This tool intentionally returns an error for testing")],
        is_error=True,
    ),
    "json_schema_2020_12_tool": types.CallToolResult(content=[TEXT]),
}
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
SCHEMA_2020: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}
RESOURCES = (
    types.Resource(uri="test://static-text", name="static text", mime_type="text/plain"),
    types.Resource(uri="test://static-binary", name="static binary", mime_type="image/png"),
)
TEMPLATE = types.ResourceTemplate(
    uri_template="test://template/{id}/data", name="template", mime_type="application/json"
)
PROMPTS: dict[str, types.Prompt] = {
    "test_simple_prompt": types.Prompt(name="test_simple_prompt", description="Simple."),
    "test_prompt_with_arguments": types.Prompt(
        name="test_prompt_with_arguments",
        description="Takes two words.",
        arguments=[
            types.PromptArgument(name="arg1", required=True),
            types.PromptArgument(name="arg2", required=True),
        ],
    ),
    "test_prompt_with_embedded_resource": types.Prompt(
        name="test_prompt_with_embedded_resource",
        description="Shows a resource.",
        arguments=[types.PromptArgument(name="resourceUri", required=True)],
    ),
    "test_prompt_with_image": types.Prompt(
        name="test_prompt_with_image", description="Shows a picture."
    ),
}
Context = ServerRequestContext[dict[str, Any]]
Handler = Callable[[Context, Any], Awaitable[Any]]


def furnish(server: Server[dict[str, Any]]) -> None:
    """Put the suite's own things beside what the server has."""
    _add_tools(server)
    handlers: dict[str, tuple[type[Any], Handler]] = {
        "resources/list": (types.PaginatedRequestParams, _list_resources),
        "resources/templates/list": (types.PaginatedRequestParams, _list_templates),
        "resources/read": (types.ReadResourceRequestParams, _read_resource),
        "prompts/list": (types.PaginatedRequestParams, _list_prompts),
        "prompts/get": (types.GetPromptRequestParams, _get_prompt),
        "completion/complete": (types.CompleteRequestParams, _complete),
    }
    for method, (parameters, handler) in handlers.items():
        server.add_request_handler(method, parameters, handler)


def _add_tools(server: Server[dict[str, Any]]) -> None:
    listing, calling = (
        server.get_request_handler(method) for method in ("tools/list", "tools/call")
    )
    assert listing is not None
    assert calling is not None

    async def list_tools(context: Context, params: Any) -> types.ListToolsResult:
        own: Any = await listing.handler(context, params)
        return types.ListToolsResult(tools=[*own.tools, *map(_tool, TOOLS)])

    async def call_tool(context: Context, params: Any) -> Any:
        return TOOLS.get(params.name) or await calling.handler(context, params)

    server.add_request_handler("tools/list", listing.params_type, list_tools)
    server.add_request_handler("tools/call", calling.params_type, call_tool)


def _tool(name: str) -> types.Tool:
    schema = SCHEMA_2020 if "2020" in name else NO_ARGUMENTS
    return types.Tool(name=name, description=f"The suite's {name}.", input_schema=schema)


async def _list_resources(context: Context, params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=[*RESOURCES])


async def _list_templates(context: Context, params: Any) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(resource_templates=[TEMPLATE])


async def _read_resource(
    context: Context, params: types.ReadResourceRequestParams
) -> types.ReadResourceResult:
    uri = str(params.uri)
    if uri == "test://static-binary":
        return types.ReadResourceResult(
            contents=[types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)]
        )
    if uri == "test://static-text":
        text, mime_type = "This is the content of the static text resource.", "text/plain"
    elif uri.startswith("test://template/"):
        value = {"id": uri.split("/")[3], "templateTest": True}
        text, mime_type = json.dumps(value), "application/json"
    else:
        raise MCPError(code=types.INVALID_PARAMS, message=f"no resource {uri}")
    return types.ReadResourceResult(
        contents=[types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)]
    )


async def _list_prompts(context: Context, params: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=[*PROMPTS.values()])


async def _get_prompt(
    context: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult:
    given = params.arguments or {}
    said = types.TextContent(text="This is a simple prompt for testing.")
    match params.name:
        case "test_prompt_with_arguments":
            words = f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"
            content: list[types.ContentBlock] = [types.TextContent(text=words)]
        case "test_prompt_with_embedded_resource":
            resource = types.TextResourceContents(
                uri=given["resourceUri"], mime_type="text/plain", text="Embedded."
            )
            content = [types.EmbeddedResource(resource=resource), said]
        case "test_prompt_with_image":
            content = [IMAGE, said]
        case _:
            content = [said]
    messages = [types.PromptMessage(role="user", content=block) for block in content]
    return types.GetPromptResult(messages=messages)


async def _complete(context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    return types.CompleteResult(completion=types.Completion(values=[], total=0, has_more=False))
