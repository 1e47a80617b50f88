"""E-mail as a channel: in by IMAP or by LMTP, out by SMTP."""

from collections.abc import Iterable

from hexdesk.core import Channel, PluginSettings, StartAction, StopAction, hookimpl
from hexdesk_email.channel import EmailChannel
from hexdesk_email.config import EmailConfig, EmailSettings
from hexdesk_email.listener import Listener

__all__ = ["EmailChannel", "EmailConfig", "EmailSettings"]

_LISTENER = Listener()


@hookimpl
def hexdesk_channels() -> Iterable[Channel]:
    """Return the channel."""
    return (EmailChannel(),)


@hookimpl
def hexdesk_settings() -> Iterable[PluginSettings]:
    """Return what operators decide for all mailboxes."""
    return (PluginSettings(struct=EmailSettings),)


@hookimpl
def hexdesk_start() -> Iterable[StartAction]:
    """Return what opens the door for mail that is handed over."""
    return (StartAction(run=_LISTENER.open),)


@hookimpl
def hexdesk_stop() -> Iterable[StopAction]:
    """Return what closes it."""
    return (StopAction(run=_LISTENER.close),)
