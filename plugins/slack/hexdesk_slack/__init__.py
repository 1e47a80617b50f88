"""Slack as a channel of hexdesk."""

from collections.abc import Iterable

from hexdesk.core import Channel, PluginSettings, hookimpl
from hexdesk_slack.channel import SlackChannel
from hexdesk_slack.configuration import SlackSettings


@hookimpl
def hexdesk_channels() -> Iterable[Channel]:
    """Return the channel."""
    return (SlackChannel(),)


@hookimpl
def hexdesk_settings() -> Iterable[PluginSettings]:
    """Return what an operator says about the installation's app."""
    secrets = frozenset({"client_secret", "signing_secret"})
    return (PluginSettings(struct=SlackSettings, secrets=secrets),)
