"""Deliveries into channels: what an attempt says of one, and when the next comes."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from hexdesk.core.model.conversations import ChannelDelivery
from hexdesk.core.model.tasks import Endurance
from hexdesk.core.model.webhooks import DeliveryAttempt, DeliveryStatus
from hexdesk.core.policy.retries import pause

MOST_ATTEMPTS = 20
"""With the pauses below, they are spread over at least five hours, and at most ten and a half."""
PAUSES = Endurance(first_pause=2, longest_pause=3600)
MOST_LOGGED = 20
LOST = "the process that sent it ended before it was known how that went"


def attempted(delivery: ChannelDelivery, attempt: DeliveryAttempt) -> ChannelDelivery:
    """Return the delivery with one attempt more."""
    return replace(
        delivery,
        attempts=delivery.attempts + 1,
        tries=delivery.tries + 1,
        last_error=attempt.error,
        attempt_log=(*delivery.attempt_log, attempt)[-MOST_LOGGED:],
    )


def may_have_arrived(delivery: ChannelDelivery) -> bool:
    """Tell whether the last attempt may have arrived after all."""
    return bool(delivery.attempt_log) and delivery.attempt_log[-1].is_unknown


def arrived(delivery: ChannelDelivery, at: datetime, external_id: str) -> ChannelDelivery:
    """Return the delivery as one that has arrived, under a name of the other system's."""
    after = attempted(delivery, DeliveryAttempt(at=at))
    return replace(
        after,
        status=DeliveryStatus.DELIVERED,
        next_attempt_at=None,
        delivered_at=at,
        external_id=external_id,
    )


def unsent(delivery: ChannelDelivery, reason: str) -> ChannelDelivery:
    """Return the delivery as one that is not tried any more; who knows, it may have arrived."""
    is_unknown = may_have_arrived(delivery)
    status = DeliveryStatus.DELIVERY_UNKNOWN if is_unknown else DeliveryStatus.FAILED
    error = delivery.last_error if is_unknown else reason
    return replace(delivery, status=status, last_error=error, next_attempt_at=None)


def next_try(
    delivery: ChannelDelivery, now: datetime, wished: float, chance: float
) -> datetime | None:
    """Return when it is tried again, or None if it has been tried often enough.

    The other system may wish for a longer pause, up to the longest there is.
    """
    if delivery.tries >= MOST_ATTEMPTS:
        return None
    wait = timedelta(seconds=min(wished, PAUSES.longest_pause))
    return now + max(pause(PAUSES, delivery.tries, chance), wait)
