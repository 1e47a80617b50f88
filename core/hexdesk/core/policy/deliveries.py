"""Deliveries: what an attempt says of one, and when the next attempt comes."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from hexdesk.core.model.tasks import Endurance
from hexdesk.core.model.webhooks import Delivery, DeliveryAttempt, DeliveryStatus
from hexdesk.core.policy.retries import pause

MOST_ATTEMPTS = 20
"""With the pauses below, they are spread over at least five hours, and at most ten and a half."""
PAUSES = Endurance(first_pause=5, longest_pause=3600)
MOST_LOGGED = 20
SUCCESS = 2
"""The class of the status codes that mean success."""
GONE = 410
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"
LOST = "the process that sent it ended before the answer was known"


def answered(at: datetime, status_code: int) -> DeliveryAttempt:
    """Return an attempt that was answered."""
    error = None if status_code // 100 == SUCCESS else f"the address answered {status_code}"
    return DeliveryAttempt(at=at, status_code=status_code, error=error)


def lost(at: datetime) -> DeliveryAttempt:
    """Return an attempt of which nobody knows any more how it went."""
    return DeliveryAttempt(at=at, error=LOST, is_unknown=True)


def tried(delivery: Delivery, *attempts: DeliveryAttempt) -> Delivery:
    """Return the delivery with attempts more, the newest last."""
    return replace(
        delivery,
        attempts=delivery.attempts + len(attempts),
        tries=delivery.tries + len(attempts),
        last_status_code=attempts[-1].status_code,
        last_error=attempts[-1].error,
        attempt_log=(*delivery.attempt_log, *attempts)[-MOST_LOGGED:],
    )


def delivered(delivery: Delivery, at: datetime) -> Delivery:
    """Return the delivery as one that has arrived."""
    return replace(delivery, status=DeliveryStatus.DELIVERED, next_attempt_at=None, delivered_at=at)


def given_up(delivery: Delivery) -> Delivery:
    """Return the delivery as one that is not tried any more; who knows, it may have arrived."""
    is_unknown = any(one.is_unknown for one in delivery.attempt_log)
    status = DeliveryStatus.DELIVERY_UNKNOWN if is_unknown else DeliveryStatus.FAILED
    return replace(delivery, status=status, next_attempt_at=None)


def next_attempt_at(
    delivery: Delivery, now: datetime, retry_after: str | None, chance: float
) -> datetime | None:
    """Return when it is tried again, or None if it has been tried often enough.

    The receiver may ask for a longer pause, up to the longest there is, and for no shorter one.
    """
    if delivery.tries >= MOST_ATTEMPTS:
        return None
    wished = min(_seconds(retry_after, now), timedelta(seconds=PAUSES.longest_pause))
    return now + max(pause(PAUSES, delivery.tries, chance), wished)


def _seconds(retry_after: str | None, now: datetime) -> timedelta:
    """Read what stands in `Retry-After`: seconds, or a date; nonsense asks for nothing."""
    if retry_after is None:
        return timedelta()
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=min(int(retry_after[:9]), PAUSES.longest_pause))
    with suppress(ValueError):
        return datetime.strptime(retry_after, HTTP_DATE).replace(tzinfo=UTC) - now
    return timedelta()
