"""Integrations, the audit, and what was answered once, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hexdesk.core.model.audit import AuditEvent, AuditFilter
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.desk_records import Audit, IdempotencyKeys, Integrations, ToolCalls
from hexdesk.core.testing.memory_channels import disconnect
from hexdesk.core.testing.memory_records import Draft, Records, found, page_of


@dataclass(frozen=True)
class MemoryIntegrations(Integrations):
    """The integrations in a draft."""

    draft: Draft

    async def get(self, integration_id: UUID, *, lock: bool = False) -> Integration:
        records = await self.draft.to_write() if lock else self.draft.records
        return found(records.integrations, integration_id, "integration")

    async def page(self, part: Slice, *, active_only: bool = False) -> Page[Integration]:
        integrations = self.draft.records.integrations.values()
        return page_of((one for one in integrations if one.is_active or not active_only), part)

    async def add(self, integration: Integration) -> None:
        records = await self.draft.to_write()
        records.integrations[integration.id] = integration

    async def update(self, integration: Integration) -> None:
        records = await self.draft.to_write()
        found(records.integrations, integration.id, "integration")
        records.integrations[integration.id] = integration

    async def remove(self, integration_id: UUID) -> None:
        records = await self.draft.to_write()
        found(records.integrations, integration_id, "integration")
        del records.integrations[integration_id]
        records.deliveries = {
            key: one
            for key, one in records.deliveries.items()
            if one.integration_id != integration_id
        }
        disconnect(records, integration_id)


@dataclass(frozen=True)
class MemoryAudit(Audit):
    """The audit in a draft."""

    draft: Draft

    async def add(self, event: AuditEvent, *, once_key: str | None = None) -> bool:
        records = await self.draft.to_write()
        if once_key is not None:
            if once_key in records.once_keys:
                return False
            records.once_keys.add(once_key)
        records.audit[event.id] = event
        return True

    async def page(self, wanted: AuditFilter, part: Slice) -> Page[AuditEvent]:
        events = self.draft.records.audit.values()
        return page_of((event for event in events if _fits(event, wanted)), part)


def _fits(event: AuditEvent, wanted: AuditFilter) -> bool:
    exact = ("action", "actor_id", "target_id", "outcome")
    return (
        all(getattr(wanted, name) in (None, getattr(event, name)) for name in exact)
        and (wanted.created_from is None or event.created_at >= wanted.created_from)
        and (wanted.created_to is None or event.created_at <= wanted.created_to)
    )


@dataclass(frozen=True)
class MemoryIdempotencyKeys(IdempotencyKeys):
    """The answers already given, in a draft."""

    draft: Draft

    async def find(self, key: IdempotencyKey, since: datetime) -> KeptAnswer | None:
        return _answer(self.draft.records, key, since)

    async def keep(self, key: IdempotencyKey, answer: KeptAnswer, since: datetime) -> bool:
        records = await self.draft.to_write()
        if _answer(records, key, since) is not None:
            return False
        records.answers[_scope(key)] = answer
        return True

    async def forget(self, before: datetime) -> int:
        records = await self.draft.to_write()
        count = len(records.answers)
        records.answers = {
            scope: answer
            for scope, answer in records.answers.items()
            if answer.created_at >= before
        }
        return count - len(records.answers)


def _answer(records: Records, key: IdempotencyKey, since: datetime) -> KeptAnswer | None:
    answer = records.answers.get(_scope(key))
    return None if answer is None or answer.created_at < since else answer


def _scope(key: IdempotencyKey) -> tuple[str, ...]:
    return key.caller, key.method, key.path, key.key


@dataclass(frozen=True)
class MemoryToolCalls(ToolCalls):
    """The results of tool calls in a draft."""

    draft: Draft

    async def claim(self, run_id: UUID, call_id: str, tool: str) -> bytes | None:
        records = await self.draft.to_write()
        records.called_at.setdefault((run_id, call_id), self.draft.installation.clock.now())
        return records.tool_results.setdefault((run_id, call_id), None)

    async def keep(self, run_id: UUID, call_id: str, result: bytes) -> None:
        records = await self.draft.to_write()
        found(records.tool_results, (run_id, call_id), "claimed call")
        records.tool_results[run_id, call_id] = result

    async def of_run(self, run_id: UUID) -> Sequence[str]:
        results = self.draft.records.tool_results.items()
        return sorted(
            call_id for (run, call_id), result in results if run == run_id and result is not None
        )

    async def forget(self, before: datetime) -> int:
        records = await self.draft.to_write()
        over = [call for call, called_at in records.called_at.items() if called_at < before]
        for call in over:
            del records.called_at[call], records.tool_results[call]
        return len(over)
