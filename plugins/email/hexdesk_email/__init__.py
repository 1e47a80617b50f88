"""E-mail as a channel: in by IMAP, out by SMTP."""

from hexdesk_email.channel import EmailChannel
from hexdesk_email.config import EmailConfig, EmailSettings

__all__ = ["EmailChannel", "EmailConfig", "EmailSettings"]
