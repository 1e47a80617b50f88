"""What waits in any organization: ids, and no more."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.ports.storage import Backlog
from hexdesk_sqlite.connections import Connections
from hexdesk_sqlite.task_records import mark_announced

FIND_ABANDONED_RUNS = """
    SELECT id, organization_id FROM main.runs
    WHERE status = 'running' AND lease_until <= now() ORDER BY lease_until, id LIMIT ?1
"""
FIND_DUE_APPROVALS = """
    SELECT id, organization_id FROM (
        SELECT id, organization_id, expires_at AS since FROM main.approvals
        WHERE status = 'pending' AND expires_at <= now()
        UNION ALL
        SELECT a.id, a.organization_id, a.decided_at AS since FROM main.approvals AS a
        JOIN main.threads AS t ON t.organization_id = a.organization_id AND t.id = a.thread_id
        WHERE a.resumed_run_id IS NULL AND a.status IN ('approved', 'denied')
            AND t.status <> 'human'
            AND NOT EXISTS (
                SELECT 1 FROM main.runs AS r
                WHERE r.organization_id = a.organization_id AND r.thread_id = a.thread_id
                    AND r.status = 'running'
            )
    )
    ORDER BY since, id LIMIT ?1
"""
FIND_EXPIRED = """
    SELECT organization_id FROM main.runs
    WHERE keeps_events AND status <> 'running' AND created_at < ?1
    UNION SELECT organization_id FROM main.idempotency_keys WHERE created_at < ?2
    UNION SELECT organization_id FROM main.refresh_tokens WHERE expires_at < ?3
    UNION SELECT organization_id FROM main.tool_calls WHERE created_at < ?4
    UNION SELECT organization_id FROM main.webhook_deliveries WHERE created_at < ?5
    LIMIT ?6
"""
FIND_DUE_TASKS = """
    SELECT id, organization_id, priority FROM main.agent_tasks
    WHERE status IN ('queued', 'running') AND announce_at <= now()
    ORDER BY priority, announce_at, id LIMIT ?1
"""
FIND_AGENTS_TO_CHECK = """
    SELECT id, organization_id FROM main.agents
    WHERE is_active AND checked_at < ?1 ORDER BY checked_at, id LIMIT ?2
"""
FIND_IDLE = """
    SELECT c.integration_id, c.organization_id FROM main.channel_connections AS c
    JOIN main.integrations AS i ON i.organization_id = c.organization_id AND i.id = c.integration_id
    WHERE c.channel IN (SELECT value FROM json_each(?1)) AND i.is_active
        AND (c.lease_until IS NULL OR c.lease_until <= now())
    ORDER BY c.lease_until NULLS FIRST, c.integration_id LIMIT ?2
"""


class SqliteBacklog(Backlog):
    """Looks through all organizations."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def abandoned_runs(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        return await self._pairs(FIND_ABANDONED_RUNS, limit)

    async def organizations_with_expired(self, kept_since: KeptSince, limit: int) -> Sequence[UUID]:
        times = (
            *(kept_since.events, kept_since.answers),
            *(kept_since.refresh_tokens, kept_since.tool_calls, kept_since.deliveries),
        )
        found = await self._connections.run(FIND_EXPIRED, *times, limit)
        return [UUID(row[0]) for row in found]

    async def due_approvals(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        return await self._pairs(FIND_DUE_APPROVALS, limit)

    async def due_tasks(self, limit: int) -> Sequence[TaskHint]:
        due = [
            TaskHint(task_id=UUID(key), organization_id=UUID(owner), priority=priority)
            for key, owner, priority in await self._connections.run(FIND_DUE_TASKS, limit)
        ]
        by_organization: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for hint in due:
            by_organization[hint.organization_id].append(hint.task_id)
        marked: set[UUID] = set()
        # Nobody writes for several organizations at once.
        for organization_id, task_ids in by_organization.items():
            async with self._connections.transaction(organization_id) as bound:
                marked |= await mark_announced(bound, task_ids)
        return [hint for hint in due if hint.task_id in marked]

    async def agents_to_check(self, before: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
        return await self._pairs(FIND_AGENTS_TO_CHECK, before, limit)

    async def idle_connections(
        self, channels: Sequence[str], limit: int
    ) -> Sequence[tuple[UUID, UUID]]:
        return await self._pairs(FIND_IDLE, list(channels), limit)

    async def _pairs(self, statement: str, *values: Any) -> list[tuple[UUID, UUID]]:
        rows = await self._connections.run(statement, *values)
        return [(UUID(key), UUID(owner)) for key, owner in rows]
