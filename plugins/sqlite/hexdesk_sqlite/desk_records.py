"""Integrations, the audit, and what was answered once, in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.audit import AuditEvent, AuditFilter
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.ports.desk_records import Audit, IdempotencyKeys, Integrations, ToolCalls
from hexdesk_sqlite.conditions import OURS, Conditions
from hexdesk_sqlite.connection import BoundConnection
from hexdesk_sqlite.record_table import RecordTable

INTEGRATIONS = RecordTable(Integration, "integrations", called="integration")
AUDIT_EVENTS = RecordTable(AuditEvent, "audit_events", called="audit event")
ANSWERS = RecordTable(KeptAnswer, "idempotency_keys", called="answer")

ADD_AUDIT_EVENT = f"""
    {AUDIT_EVENTS.insert_with("once_key")}
    ON CONFLICT (organization_id, once_key) WHERE once_key IS NOT NULL DO NOTHING
"""

_SCOPE = ("caller", "method", "path", "key")
FIND_ANSWER = "caller = ?1 AND method = ?2 AND path = ?3 AND key = ?4 AND created_at >= ?5"
# An answer whose time is over makes room.
KEEP_ANSWER = f"""
    {ANSWERS.insert_with(*_SCOPE)}
    ON CONFLICT (organization_id, {", ".join(_SCOPE)}) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in ANSWERS.columns)}
    WHERE idempotency_keys.created_at < ?{len(ANSWERS.columns) + len(_SCOPE) + 1}
"""  # noqa: S608  names of columns
FORGET_ANSWERS = f"""
    DELETE FROM main.idempotency_keys WHERE {OURS} AND rowid IN (
        SELECT rowid FROM main.idempotency_keys WHERE {OURS} AND created_at < ?1
        ORDER BY created_at LIMIT 1000
    )
"""  # noqa: S608  words of ours

CLAIM_CALL = """
    INSERT INTO main.tool_calls (run_id, call_id, tool) VALUES (?1, ?2, ?3)
    ON CONFLICT (organization_id, run_id, call_id) DO NOTHING
"""
FIND_RESULT = "SELECT result FROM tool_calls WHERE run_id = ?1 AND call_id = ?2"
KEEP_RESULT = f"""
    UPDATE main.tool_calls SET result = ?3 WHERE {OURS} AND run_id = ?1 AND call_id = ?2
"""  # noqa: S608  words of ours
CALLS_OF_RUN = """
    SELECT call_id FROM tool_calls WHERE run_id = ?1 AND result IS NOT NULL
    ORDER BY call_id
"""
FORGET_CALLS = f"""
    DELETE FROM main.tool_calls WHERE {OURS} AND rowid IN (
        SELECT rowid FROM main.tool_calls WHERE {OURS} AND created_at < ?1
        ORDER BY created_at LIMIT 1000
    )
"""  # noqa: S608  words of ours


@dataclass(slots=True)
class SqliteIntegrations(Integrations):
    """The integrations of a transaction's organization."""

    bound: BoundConnection

    async def get(self, integration_id: UUID, *, lock: bool = False) -> Integration:
        return await INTEGRATIONS.get(self.bound, integration_id, lock=lock)

    async def page(self, part: Slice, *, active_only: bool = False) -> Page[Integration]:
        wanted = Conditions()
        if active_only:
            wanted.add("is_active")
        return await INTEGRATIONS.page(self.bound, part, wanted)

    async def add(self, integration: Integration) -> None:
        await INTEGRATIONS.add(self.bound, integration)

    async def update(self, integration: Integration) -> None:
        await INTEGRATIONS.update(self.bound, integration)

    async def remove(self, integration_id: UUID) -> None:
        await INTEGRATIONS.remove(self.bound, integration_id)


@dataclass(slots=True)
class SqliteAudit(Audit):
    """The audit of a transaction's organization."""

    bound: BoundConnection

    async def add(self, event: AuditEvent, *, once_key: str | None = None) -> bool:
        values = AUDIT_EVENTS.written_values(event)
        return await self.bound.change(ADD_AUDIT_EVENT, *values, once_key) == 1

    async def page(self, wanted: AuditFilter, part: Slice) -> Page[AuditEvent]:
        conditions = Conditions()
        conditions.add_known("action = {}", wanted.action)
        conditions.add_known("actor_id = {}", wanted.actor_id)
        conditions.add_known("target_id = {}", wanted.target_id)
        conditions.add_known("outcome = {}", wanted.outcome)
        conditions.add_known("created_at >= {}", wanted.created_from)
        conditions.add_known("created_at <= {}", wanted.created_to)
        return await AUDIT_EVENTS.page(self.bound, part, conditions)


@dataclass(slots=True)
class SqliteIdempotencyKeys(IdempotencyKeys):
    """The answers already given in a transaction's organization."""

    bound: BoundConnection

    async def find(self, key: IdempotencyKey, since: datetime) -> KeptAnswer | None:
        return await ANSWERS.find(self.bound, FIND_ANSWER, *_scope(key), since)

    async def keep(self, key: IdempotencyKey, answer: KeptAnswer, since: datetime) -> bool:
        values = (*ANSWERS.written_values(answer), *_scope(key), since)
        return await self.bound.change(KEEP_ANSWER, *values) == 1

    async def forget(self, before: datetime) -> int:
        return await self.bound.change(FORGET_ANSWERS, before)


def _scope(key: IdempotencyKey) -> tuple[str, ...]:
    return key.caller, key.method, key.path, key.key


@dataclass(slots=True)
class SqliteToolCalls(ToolCalls):
    """The results of tool calls in a transaction's organization."""

    bound: BoundConnection

    async def claim(self, run_id: UUID, call_id: str, tool: str) -> bytes | None:
        if await self.bound.change(CLAIM_CALL, run_id, call_id, tool):
            return None
        return await self.bound.value(FIND_RESULT, run_id, call_id)

    async def keep(self, run_id: UUID, call_id: str, result: bytes) -> None:
        if not await self.bound.change(KEEP_RESULT, run_id, call_id, result):
            raise NotFoundError(f"nobody has claimed call {call_id!r} of run {run_id!s}")

    async def of_run(self, run_id: UUID) -> Sequence[str]:
        return [row[0] for row in await self.bound.rows(CALLS_OF_RUN, run_id)]

    async def forget(self, before: datetime) -> int:
        return await self.bound.change(FORGET_CALLS, before)
