"""An e-mail as the desk knows it, whatever bytes it came as."""

import msgspec

Headers = dict[str, tuple[str, ...]]
"""Headers by their names in lower case, one line each, in the order in which they stand."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's address, in lower case, and the name they claim to have."""

    email: str
    name: str = ""

    @property
    def domain(self) -> str:
        """Return what stands behind the `@`."""
        return self.email.rpartition("@")[2]

    @property
    def mailbox(self) -> str:
        """Return what stands before the `@`."""
        return self.email.rpartition("@")[0]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file in an e-mail, under a name that is safe to show and to store."""

    filename: str
    content_type: str
    data: bytes


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail server tells about a message that it did not deliver, or only later.

    `about` are the ids of the messages that it may be about.
    """

    action: str
    status: str
    detail: str
    about: tuple[str, ...] = ()


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed e-mail.

    `sender` is None where nobody can say who wrote it, and `faults` says why. `recipients` are
    all addresses by which it may have come here. `text` is the whole text, `new_text` what the
    sender wrote now. `is_whole` is false when something of it could not be read or was too much.
    """

    headers: Headers
    sender: Address | None
    reply_to: Address | None = None
    recipients: tuple[str, ...] = ()
    subject: str = ""
    message_id: str
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    new_text: str = ""
    attachments: tuple[Attachment, ...] = ()
    report: Report | None = None
    is_whole: bool = True
    faults: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of the name, or nothing."""
        return next(iter(self.headers.get(name, ())), "")
