"""What a tool is: a named use of the desk, described so that a model can call it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, get_type_hints, overload

import msgspec

from hexdesk.core.model.attached_tools import FoundTool
from hexdesk.core.policy.rights import Right
from hexdesk.core.tools.context import BUILTIN, ToolContext

Run = Callable[[ToolContext, Any], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: `takes` is the Struct of its arguments, `returns` the type of its result.

    `run` does the work inside one transaction, unless `in_transaction` is false. `prepare`, where
    there is one, does what is slow before it, and returns the arguments for `run`. `source` is the
    plugin that brings the tool, and `settings` that plugin's own: the host fills both in. A tool
    that is `attached` is somebody else's: it is called at its server, takes what that says, and
    returns anything.
    """

    name: str
    description: str
    right: Right
    takes: Any
    returns: Any
    run: Run
    read_only: bool = False
    destructive: bool = False
    prepare: Run | None = None
    in_transaction: bool = True
    source: str = BUILTIN
    settings: Any = None
    attached: FoundTool | None = None

    def input_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments, an object at the top as model APIs want it."""
        return self.attached.tool.accepted.input_schema if self.attached else _schema(self.takes)

    def output_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the result."""
        return {"type": "object"} if self.attached else _schema(self.returns)


@overload
def tool(run: Run, /) -> Tool: ...


@overload
def tool(
    right: Right = Right.USE_PLUGIN_TOOLS,
    /,
    *,
    read_only: bool = False,
    destructive: bool = False,
    prepare: Run | None = None,
    in_transaction: bool = False,
) -> Callable[[Run], Tool]: ...


def tool(
    given: Run | Right = Right.USE_PLUGIN_TOOLS,
    /,
    *,
    read_only: bool = False,
    destructive: bool = False,
    prepare: Run | None = None,
    in_transaction: bool = False,
) -> Tool | Callable[[Run], Tool]:
    """Turn `async def name(context: ToolContext, arguments: SomeStruct) -> Result` into a tool.

    Its docstring is what the model reads. Say `read_only` of one that changes nothing anywhere, and
    `destructive` of one whose effect cannot be taken back: its calls wait for a person. A tool that
    calls other systems runs outside of transactions: a run's call that comes twice is made once,
    and one that was cut short is not made again. `in_transaction` is for one that only uses the
    desk, and has its effect and its result stored together, as one with `prepare` has. Raise
    `ToolFailedError` with words that the model may read.
    """

    def made(run: Run) -> Tool:
        hints = get_type_hints(run)
        first = hints if prepare is None else get_type_hints(prepare)
        return Tool(
            name=run.__name__,
            description=cleandoc(run.__doc__ or ""),
            right=right,
            takes=first["arguments"],
            returns=hints["return"],
            run=run,
            read_only=read_only,
            destructive=destructive,
            prepare=prepare,
            in_transaction=in_transaction or prepare is not None,
        )

    if isinstance(given, Right):
        right = given
        return made
    right = Right.USE_PLUGIN_TOOLS
    return made(given)


def _schema(shape: Any) -> dict[str, Any]:
    (root,), components = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    name = root.get("$ref", "").rpartition("/")[2]
    flat = components.pop(name) if name in components else root
    return {**flat, **({"$defs": components} if components else {})}
