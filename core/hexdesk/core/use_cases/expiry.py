"""Forgetting what need not be kept any longer."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.expiry import KeptSince
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage

log = logging.getLogger("hexdesk.expiry")
MOST_AT_ONCE = 100
PAUSE_SECONDS = 600
# For as long as a spent token is known, whoever uses it again ends the session.
REFRESH_TOKENS_OUTLIVED = timedelta(days=30)
# For longer than any run or task goes on repeating its calls.
TOOL_CALLS_KEPT = timedelta(days=30)
DELIVERIES_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetExpired:
    """Remove what is of use for a while only, once its time is over, of all organizations."""

    storage: Storage
    clock: Clock
    settings: DeskSettings

    async def __call__(self) -> int:
        """Return how many records were removed."""
        kept_since = self._kept_since()
        backlog, forgotten = self.storage.backlog, 0
        for organization_id in await backlog.organizations_with_expired(kept_since, MOST_AT_ONCE):
            forgotten += await self._forget(organization_id, kept_since)
        if forgotten:
            log.info("expired records forgotten", extra={"count": forgotten})
        return forgotten

    async def keep_forgetting(self, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Forget, again and again, until cancelled."""
        while True:
            try:
                await self()
            except UnavailableError as error:
                log.warning("forgetting put off", extra={"reason": str(error)})
            except Exception:
                # The edge of a background task: what failed now may succeed the next time.
                log.exception("forgetting failed")
            await asyncio.sleep(pause_seconds)

    def _kept_since(self) -> KeptSince:
        now, settings = self.clock.now(), self.settings
        return KeptSince(
            events=now - timedelta(seconds=settings.events_kept_seconds),
            answers=now - timedelta(seconds=settings.idempotency_seconds),
            refresh_tokens=now - REFRESH_TOKENS_OUTLIVED,
            deliveries=now - DELIVERIES_KEPT,
            tool_calls=now - TOOL_CALLS_KEPT,
        )

    async def _forget(self, organization_id: UUID, kept_since: KeptSince) -> int:
        who, forgotten = System(organization_id=organization_id), 0
        while True:
            # A transaction for each batch, so that no lock is held for long.
            async with self.storage.transaction(who) as tx:
                count = await tx.event_log.forget(kept_since.events)
                count += await tx.idempotency_keys.forget(kept_since.answers)
                count += await tx.refresh_tokens.forget(kept_since.refresh_tokens)
                count += await tx.deliveries.forget(kept_since.deliveries)
                count += await tx.tool_calls.forget(kept_since.tool_calls)
            if not count:
                return forgotten
            forgotten += count
