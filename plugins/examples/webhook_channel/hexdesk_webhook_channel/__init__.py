"""A channel that speaks signed JSON both ways."""

from collections.abc import Iterable

from hexdesk.core import Channel, hookimpl
from hexdesk_webhook_channel.channel import WebhookChannel


@hookimpl
def hexdesk_channels() -> Iterable[Channel]:
    """Return the channel."""
    return (WebhookChannel(),)
