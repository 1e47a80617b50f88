"""Slack as a channel of hexdesk."""

from collections.abc import Iterable

import pluggy

from hexdesk.core.ports.channels import Channel
from hexdesk_slack.channel import SlackChannel

hookimpl = pluggy.HookimplMarker("hexdesk")


@hookimpl
def hexdesk_channels() -> Iterable[Channel]:
    """Return the channel."""
    return (SlackChannel(),)
