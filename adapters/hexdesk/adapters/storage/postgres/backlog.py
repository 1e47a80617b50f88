"""What waits in any organization, through functions that tell ids and no more."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hexdesk.adapters.storage.postgres.pool import Connections
from hexdesk.adapters.storage.postgres.task_records import mark_announced
from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.ports.storage import Backlog

FIND_ABANDONED_RUNS = "SELECT run_id, organization_id FROM find_abandoned_runs($1)"
FIND_DUE_APPROVALS = "SELECT approval_id, organization_id FROM find_due_approvals($1)"
FIND_EXPIRED = """
    SELECT find_organizations_with_expired($1, $2, $3, $4, $6)
    UNION SELECT find_organizations_with_old_deliveries($5, $6) LIMIT $6
"""
FIND_DUE_TASKS = "SELECT task_id, organization_id, priority FROM find_due_tasks($1)"
FIND_AGENTS_TO_CHECK = "SELECT agent_id, organization_id FROM find_agents_to_check($1, $2)"
FIND_IDLE = "SELECT integration_id, organization_id FROM find_idle_connections($1, $2)"


class PostgresBacklog(Backlog):
    """Looks through all organizations."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def abandoned_runs(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        rows = await self._connections.run(FIND_ABANDONED_RUNS, limit)
        return [(row["run_id"], row["organization_id"]) for row in rows]

    async def organizations_with_expired(self, kept_since: KeptSince, limit: int) -> Sequence[UUID]:
        times = (
            *(kept_since.events, kept_since.answers),
            *(kept_since.refresh_tokens, kept_since.tool_calls, kept_since.deliveries),
        )
        found = await self._connections.run(FIND_EXPIRED, *times, limit)
        return [row[0] for row in found]

    async def due_tasks(self, limit: int) -> Sequence[TaskHint]:
        due = [TaskHint(**row) for row in await self._connections.run(FIND_DUE_TASKS, limit)]
        by_organization: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for hint in due:
            by_organization[hint.organization_id].append(hint.task_id)
        marked: set[UUID] = set()
        # The functions only read, and nothing but a policy lets anybody write: so each of the
        # organizations has a transaction of its own.
        for organization_id, task_ids in by_organization.items():
            async with self._connections.transaction(organization_id) as bound:
                marked |= await mark_announced(bound, task_ids)
        return [hint for hint in due if hint.task_id in marked]

    async def agents_to_check(self, before: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
        rows = await self._connections.run(FIND_AGENTS_TO_CHECK, before, limit)
        return [(row["agent_id"], row["organization_id"]) for row in rows]

    async def idle_connections(
        self, channels: Sequence[str], limit: int
    ) -> Sequence[tuple[UUID, UUID]]:
        rows = await self._connections.run(FIND_IDLE, list(channels), limit)
        return [(row["integration_id"], row["organization_id"]) for row in rows]

    async def due_approvals(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        rows = await self._connections.run(FIND_DUE_APPROVALS, limit)
        return [(row["approval_id"], row["organization_id"]) for row in rows]
