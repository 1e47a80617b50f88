"""Calling a tool: checked, bounded in time, and with one effect however often it is repeated."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hexdesk.core.errors import (
    DeskError,
    StorageUnavailableError,
    ToolAccessDeniedError,
)
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.principals import AgentRun, Member, Principal
from hexdesk.core.policy.approvals import covers
from hexdesk.core.policy.rights import may_use_tool
from hexdesk.core.policy.storable import holds_nul
from hexdesk.core.policy.tool_arguments import mistake
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.tools.attached import CallAttached
from hexdesk.core.tools.context import ToolContext, ToolNeeds
from hexdesk.core.tools.once import CallOnce
from hexdesk.core.tools.tool import Tool
from hexdesk.core.tools.toolbox import Toolbox, denied
from hexdesk.core.use_cases.joined import JoinedStorage
from hexdesk.core.use_cases.refusals import NoteRefusal
from hexdesk.core.use_cases.standing import as_of_now


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCallableTools:
    """Show which tools a principal may call."""

    toolbox: Toolbox

    async def __call__(self, who: Principal) -> tuple[Tool, ...]:
        """Return them, our own in the catalogue's order, then those of attached servers."""
        return await self.toolbox.callable(who)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTool:
    """Call a tool for a member, or for a run within its capability."""

    storage: Storage
    clock: Clock
    toolbox: Toolbox
    call_attached: CallAttached
    needs: ToolNeeds
    note_refusal: NoteRefusal
    telemetry: Telemetry
    timeout_seconds: float

    async def __call__(
        self, who: Principal, name: str, arguments: Mapping[str, Any], *, call_id: str | None = None
    ) -> ToolAnswer:
        """Return the result, or an error in words; a run's repeated call returns its first result.

        Never raises for what the tool or its arguments do wrong; every refusal is written down.
        """
        started = self.clock.elapsed()
        try:
            answer = await self._call(who, name, arguments, call_id)
        except ToolAccessDeniedError as error:
            await self.note_refusal(who, name, arguments, call_id=call_id, reason=str(error))
            return _in_words(name, error)
        except TimeoutError:
            answer = ToolAnswer(error=f"{name} did not answer within {self.timeout_seconds:g} s")
        except DeskError as error:
            answer = _in_words(name, error)
        status = ToolUseStatus.ERROR if answer.error else ToolUseStatus.OK
        self.telemetry.tool_called(name, status, self.clock.elapsed() - started)
        return answer

    async def _call(
        self, who: Principal, name: str, arguments: Mapping[str, Any], call_id: str | None
    ) -> ToolAnswer:
        self._check_approval(who, name, arguments, call_id)
        async with asyncio.timeout(self.timeout_seconds):
            chosen = await self._allowed(who, name)
            try:
                wish = wished(chosen, arguments)
            except ValueError as error:
                return ToolAnswer(error=str(error))
            if chosen.attached:
                async with self.storage.transaction(who) as tx:
                    await check_standing(tx, who, chosen)
                return await self.call_attached(who, chosen.attached, arguments, call_id)
            if not chosen.in_transaction:
                return await self._outside(who, chosen, wish, call_id)
            if chosen.prepare:
                async with self.storage.transaction(who) as tx:
                    await check_standing(tx, who, chosen)
                context = self._context(who, self.storage, chosen, call_id)
                wish = await chosen.prepare(context, wish)
            async with self.storage.transaction(who) as tx:
                await check_standing(tx, who, chosen)
                return _answer(await self._once(tx, who, chosen, wish, call_id))

    async def _outside(
        self, who: Principal, chosen: Tool, wish: object, call_id: str | None
    ) -> ToolAnswer:
        """Make a call whose effect no transaction holds, unless it is a repeat."""
        once = CallOnce.of(who, call_id, read_only=chosen.read_only)
        async with self.storage.transaction(who) as tx:
            await check_standing(tx, who, chosen)
            first = await once.begin(tx, chosen.name) if once else None
        if first is not None:
            return first
        context = self._context(who, self.storage, chosen, call_id)
        failure: DeskError | None = None
        try:
            answer = _answer(msgspec.json.encode(await chosen.run(context, wish)))
        except DeskError as error:
            # It may have had its effect all the same.
            answer, failure = _in_words(chosen.name, error), error
        if once:
            async with self.storage.transaction(who) as tx:
                await once.keep(tx, answer)
        if failure:
            raise failure
        return answer

    async def _once(
        self, tx: Transaction, who: Principal, chosen: Tool, wish: object, call_id: str | None
    ) -> bytes:
        context = self._context(who, JoinedStorage(self.storage, tx, who), chosen, call_id)
        if chosen.read_only or call_id is None or not isinstance(who, AgentRun):
            return msgspec.json.encode(await chosen.run(context, wish))
        first = await tx.tool_calls.claim(who.run_id, call_id, chosen.name)
        if first is not None:
            return first
        result = msgspec.json.encode(await chosen.run(context, wish))
        await tx.tool_calls.keep(who.run_id, call_id, result)
        return result

    def _context(
        self, who: Principal, storage: Storage, chosen: Tool, call_id: str | None
    ) -> ToolContext:
        return ToolContext(
            who=who,
            storage=storage,
            needs=self.needs,
            source=chosen.source,
            settings=chosen.settings,
            call_id=call_id,
        )

    def _check_approval(
        self, who: Principal, name: str, arguments: Mapping[str, Any], call_id: str | None
    ) -> None:
        """Refuse what a person must allow first, unless it is the very call that one allowed."""
        if not isinstance(who, AgentRun):
            return
        waits = name in who.needs_approval or name not in who.tools
        if waits and not covers(who.approved, call_id, name, arguments):
            if name in who.needs_approval:
                raise ToolAccessDeniedError(f"{name!r} needs a person's approval")
            raise denied(name)

    async def _allowed(self, who: Principal, name: str) -> Tool:
        chosen = await self.toolbox.find(who, name)
        if not may_use_tool(who, name, chosen.right):
            raise denied(name)
        return chosen


async def check_standing(tx: Transaction, who: Principal, chosen: Tool) -> None:
    """Refuse a run whose person was demoted or deactivated after its capability was minted."""
    if isinstance(who, AgentRun) and isinstance(who.acts_for, Member):
        now = await as_of_now(tx, who.acts_for)
        if now is None or not may_use_tool(now, chosen.name, chosen.right):
            raise denied(chosen.name)


def wished(chosen: Tool, arguments: Mapping[str, Any]) -> object:
    """Return the arguments as the tool takes them; raise `ValueError` with words for the model."""
    name = chosen.name
    try:
        wish = msgspec.convert(dict(arguments), chosen.takes)
    except msgspec.ValidationError as error:
        raise ValueError(f"wrong arguments for {name}: {error}") from error
    problem = mistake(chosen.input_schema(), arguments) if chosen.attached else None
    if problem:
        raise ValueError(f"wrong arguments for {name}: {problem}")
    if holds_nul(dict(arguments)):
        raise ValueError(f"wrong arguments for {name}: no text may contain U+0000")
    return wish


def _answer(result: bytes) -> ToolAnswer:
    return ToolAnswer(value=msgspec.json.decode(result))


def _in_words(name: str, error: DeskError) -> ToolAnswer:
    if isinstance(error, StorageUnavailableError):
        return ToolAnswer(error=f"{name} is temporarily unavailable")
    return ToolAnswer(error=str(error), is_denied=isinstance(error, ToolAccessDeniedError))
