"""What an organization says of its mailbox, and an operator of all mailboxes."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hexdesk_email.headers import ADDRESS, CONTROLS

Security = Literal["tls", "starttls", "none"]
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
DOOR = re.compile(r"(lmtp|smtp)://(?:\[([0-9A-Fa-f:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})")
LARGEST_MESSAGE = 50_000_000
SECRETS = frozenset({"smtp_password", "imap_password"})


class EmailConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox: where its mail comes in, and by which server answers go out.

    Without `imap_host` nothing comes in, unless it `is_handed_over`: brought by the mail server to
    where the desk listens. `authserv_id` is the name by which the mail server that
    takes in the mail signs its `Authentication-Results`; without it no sender is verified.
    """

    address: str
    from_name: str = ""
    authserv_id: str | None = None
    robots: tuple[str, ...] = ()
    plus_addressing: bool = True
    bounce_addressing: bool = False

    smtp_host: str
    smtp_port: Port = 587
    smtp_security: Security = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = None

    is_handed_over: bool = False
    imap_host: str | None = None
    imap_port: Port = 993
    imap_security: Security = "tls"
    imap_user: str | None = None
    imap_password: str | None = None
    imap_folder: str = "INBOX"
    imap_done_folder: str | None = None
    imap_quarantine_folder: str | None = None
    imap_sent_folder: str | None = None
    imap_files_sent: bool = False
    poll_seconds: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 60
    max_age_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 14
    max_message_bytes: Annotated[int, msgspec.Meta(ge=1_024, le=LARGEST_MESSAGE)] = 25_000_000

    def __post_init__(self) -> None:
        """Refuse what no mail server would take."""
        if not ADDRESS.fullmatch(self.address) or not self.address.isascii():
            raise ValueError(f"{self.address!r} is no e-mail address")
        if self.is_handed_over and self.imap_host is not None:
            raise ValueError("mail is handed over or fetched from imap_host, not both")
        for host in (self.smtp_host, self.imap_host):
            if host is not None and not HOST.fullmatch(host):
                raise ValueError(f"{host!r} is no host")
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, str) and CONTROLS.search(value):
                raise ValueError(f"{name} may not hold control characters")


class EmailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all mailboxes.

    `ca_file` says whom to trust besides the public certificate authorities. `listen` is where mail
    servers hand mail over, `lmtp://host:port` or `smtp://host:port`, and `spool_folder` is where
    it is kept.
    """

    ca_file: str | None = None
    listen: str | None = None
    spool_folder: str | None = None

    def __post_init__(self) -> None:
        """Refuse a place where nobody can listen, and one that keeps nothing."""
        if self.listen is not None and DOOR.fullmatch(self.listen) is None:
            raise ValueError(f"{self.listen!r} is not like lmtp://127.0.0.1:2424")
        if self.listen is not None and not self.spool_folder:
            raise ValueError("HEXDESK_EMAIL_LISTEN needs HEXDESK_EMAIL_SPOOL_FOLDER")

    @property
    def door(self) -> tuple[str, str, int] | None:
        """The protocol, host and port by which mail is handed over."""
        found = self.listen and DOOR.fullmatch(self.listen)
        return (found[1], found[2] or found[3], int(found[4])) if found else None

    @property
    def spool(self) -> Path:
        """The folder in which each connection has one of its own."""
        return Path(self.spool_folder or "")
