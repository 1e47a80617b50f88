"""What a tool is: a named use of the desk, described so that a model can call it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, get_type_hints

import msgspec

from hexdesk.core.model.attached_tools import FoundTool
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.drafts import DraftTicket
from hexdesk.core.use_cases.health import CheckHealth
from hexdesk.core.use_cases.integration_types import IntegrationTypes
from hexdesk.core.use_cases.outbox import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolNeeds:
    """What the built-in tools are made of."""

    clock: Clock
    auditor: Auditor
    outbox: Outbox
    draft_ticket: DraftTicket
    check_health: CheckHealth
    integration_types: IntegrationTypes


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """One call: who makes it, and the storage in which its effect and its result go together."""

    who: Principal
    storage: Storage
    needs: ToolNeeds


Run = Callable[[ToolContext, Any], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: `takes` is the Struct of its arguments, `returns` the type of its result.

    `run` does the work inside one transaction, unless `in_transaction` is false. `prepare`, where
    there is one, does what is slow before it, and returns the arguments for `run`. A tool that is
    `attached` is somebody else's: it is called at its server, takes what that says, and returns
    anything.
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
    attached: FoundTool | None = None

    def input_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments, an object at the top as model APIs want it."""
        return self.attached.tool.accepted.input_schema if self.attached else _schema(self.takes)

    def output_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the result."""
        return {"type": "object"} if self.attached else _schema(self.returns)


def tool(
    right: Right,
    *,
    read_only: bool = False,
    destructive: bool = False,
    prepare: Run | None = None,
    in_transaction: bool = True,
) -> Callable[[Run], Tool]:
    """Turn `async def name(context, arguments: SomeStruct) -> Result` into a tool.

    Its docstring is what the model reads.
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
            in_transaction=in_transaction,
        )

    return made


def _schema(shape: Any) -> dict[str, Any]:
    (root,), components = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    name = root.get("$ref", "").rpartition("/")[2]
    flat = components.pop(name) if name in components else root
    return {**flat, **({"$defs": components} if components else {})}
