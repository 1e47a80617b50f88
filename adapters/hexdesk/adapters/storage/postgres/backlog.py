"""What waits in any organization, through functions that tell ids and no more."""

from collections.abc import Sequence
from uuid import UUID

from hexdesk.adapters.storage.postgres.pool import Connections
from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.ports.storage import Backlog

FIND_ABANDONED_RUNS = "SELECT run_id, organization_id FROM find_abandoned_runs($1)"
FIND_EXPIRED = """
    SELECT find_organizations_with_expired($1, $2, $3, $5)
    UNION SELECT find_organizations_with_old_deliveries($4, $5) LIMIT $5
"""


class PostgresBacklog(Backlog):
    """Looks through all organizations."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def abandoned_runs(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        rows = await self._connections.run(FIND_ABANDONED_RUNS, limit)
        return [(row["run_id"], row["organization_id"]) for row in rows]

    async def organizations_with_expired(self, kept_since: KeptSince, limit: int) -> Sequence[UUID]:
        since = (kept_since.events, kept_since.answers, kept_since.refresh_tokens)
        found = await self._connections.run(FIND_EXPIRED, *since, kept_since.deliveries, limit)
        return [row[0] for row in found]
