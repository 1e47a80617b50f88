"""The machine's own time, ids and randomness."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from hexdesk.core.ports.clock import Clock

SECRET_BYTES = 32


class SystemClock(Clock):
    """Tells the machine's time and draws from its randomness."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.monotonic()

    def new_id(self) -> UUID:
        # Made from a counter within the millisecond, also when the wall clock is set back.
        return uuid7()

    def new_secret(self) -> str:
        return secrets.token_urlsafe(SECRET_BYTES)
