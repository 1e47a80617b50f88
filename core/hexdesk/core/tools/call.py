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
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.tools.context import ToolContext, ToolNeeds
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases.joined import JoinedStorage
from hexdesk.core.use_cases.refusals import NoteRefusal
from hexdesk.core.use_cases.standing import as_of_now


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCallableTools:
    """Show which tools a principal may call."""

    catalogue: Mapping[str, Tool]

    def __call__(self, who: Principal) -> tuple[Tool, ...]:
        """Return them in the catalogue's order, with those that a run may call once approved."""
        waiting = who.needs_approval if isinstance(who, AgentRun) else frozenset[str]()
        return tuple(
            one
            for one in self.catalogue.values()
            if one.name in waiting or may_use_tool(who, one.name, one.right)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTool:
    """Call a tool for a member, or for a run within its capability."""

    storage: Storage
    clock: Clock
    catalogue: Mapping[str, Tool]
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
            return ToolAnswer(error=str(error), is_denied=True)
        except TimeoutError:
            answer = ToolAnswer(error=f"{name} did not answer within {self.timeout_seconds:g} s")
        except StorageUnavailableError:
            answer = ToolAnswer(error=f"{name} is temporarily unavailable")
        except DeskError as error:
            answer = ToolAnswer(error=str(error))
        status = ToolUseStatus.ERROR if answer.error else ToolUseStatus.OK
        self.telemetry.tool_called(name, status, self.clock.elapsed() - started)
        return answer

    async def _call(
        self, who: Principal, name: str, arguments: Mapping[str, Any], call_id: str | None
    ) -> ToolAnswer:
        self._check_approval(who, name, arguments, call_id)
        chosen = self._allowed(who, name)
        try:
            wish = wished(chosen, arguments)
        except ValueError as error:
            return ToolAnswer(error=str(error))
        async with asyncio.timeout(self.timeout_seconds):
            if chosen.prepare or not chosen.in_transaction:
                async with self.storage.transaction(who) as tx:
                    await check_standing(tx, who, chosen)
                context = self._context(who, self.storage, chosen, call_id)
                if not chosen.in_transaction:
                    return _answer(msgspec.json.encode(await chosen.run(context, wish)))
                wish = await chosen.prepare(context, wish) if chosen.prepare else wish
            async with self.storage.transaction(who) as tx:
                await check_standing(tx, who, chosen)
                return _answer(await self._once(tx, who, chosen, wish, call_id))

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

    def _allowed(self, who: Principal, name: str) -> Tool:
        chosen = self.catalogue.get(name)
        if chosen is None or not may_use_tool(who, name, chosen.right):
            raise denied(name)
        return chosen


async def check_standing(tx: Transaction, who: Principal, chosen: Tool) -> None:
    """Refuse a run whose person was demoted or deactivated after its capability was minted."""
    if isinstance(who, AgentRun) and isinstance(who.acts_for, Member):
        now = await as_of_now(tx, who.acts_for)
        if now is None or not may_use_tool(now, chosen.name, chosen.right):
            raise denied(chosen.name)


def denied(name: str) -> ToolAccessDeniedError:
    """Return the refusal of a tool that the caller may not use, or that there is not."""
    return ToolAccessDeniedError(f"access to the tool {name!r} is denied")


def wished(chosen: Tool, arguments: Mapping[str, Any]) -> object:
    """Return the arguments as the tool takes them; raise `ValueError` with words for the model."""
    name = chosen.name
    try:
        wish = msgspec.convert(dict(arguments), chosen.takes)
    except msgspec.ValidationError as error:
        raise ValueError(f"wrong arguments for {name}: {error}") from error
    if holds_nul(dict(arguments)):
        raise ValueError(f"wrong arguments for {name}: no text may contain U+0000")
    return wish


def _answer(result: bytes) -> ToolAnswer:
    return ToolAnswer(value=msgspec.json.decode(result))
