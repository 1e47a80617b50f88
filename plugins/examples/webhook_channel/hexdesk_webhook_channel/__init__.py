"""A channel that speaks signed JSON both ways."""

from collections.abc import Iterable

import pluggy

from hexdesk.core.ports.channels import Channel
from hexdesk_webhook_channel.channel import WebhookChannel

hookimpl = pluggy.HookimplMarker("hexdesk")


@hookimpl
def hexdesk_channels() -> Iterable[Channel]:
    """Return the channel."""
    return (WebhookChannel(),)
