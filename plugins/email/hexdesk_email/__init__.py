"""E-mail as a channel: in by IMAP, out by SMTP."""

from collections.abc import Iterable

from hexdesk.core import Channel, PluginSettings, hookimpl
from hexdesk_email.channel import EmailChannel
from hexdesk_email.config import EmailConfig, EmailSettings

__all__ = ["EmailChannel", "EmailConfig", "EmailSettings"]


@hookimpl
def hexdesk_channels() -> Iterable[Channel]:
    """Return the channel."""
    return (EmailChannel(),)


@hookimpl
def hexdesk_settings() -> Iterable[PluginSettings]:
    """Return what operators decide for all mailboxes."""
    return (PluginSettings(struct=EmailSettings),)
