"""From a message of the desk to the bytes of an e-mail."""

from email.errors import HeaderParseError
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

import msgspec

from hexdesk.core import OutboundKind, OutboundMessage, UndeliverableError
from hexdesk_email.automation import LOOP_HEADER
from hexdesk_email.config import EmailConfig
from hexdesk_email.headers import ADDRESS, MESSAGE_ID, one_line
from hexdesk_email.inbound import MOST_REFERENCES
from hexdesk_email.marks import Marks
from hexdesk_email.rendering import html_of, with_tickets

NO_SUBJECT = "Your request"
LONGEST_SUBJECT = 200
# Every line stays short and in ASCII, so that no relay has a reason to rewrite what a DKIM
# signature covers.
POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)
# RFC 3834: what nobody wrote says so, and whoever gets it does not answer by machine.
AUTOMATIC = {OutboundKind.ANSWER: "auto-replied", OutboundKind.NOTICE: "auto-generated"}


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail that is ready to be sent, and its envelope."""

    message_id: str
    envelope_from: str
    envelope_to: str
    raw: bytes
    hints: dict[str, Any]


def letter_of(message: OutboundMessage, config: EmailConfig, marks: Marks) -> Letter:
    """Return the e-mail: the same one whenever the message is the same.

    Raise `UndeliverableError` where nobody could be written to.
    """
    recipient = _recipient(message)
    message_id = marks.message_id(message.id)
    chain = _chain(message)
    subject = _subject(message)
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _named(config.from_name, config.address)
    mail["To"] = _named(message.recipient.name if message.recipient else "", recipient)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = message_id
    if chain:
        mail["In-Reply-To"] = chain[-1]
        mail["References"] = " ".join(chain)
    if config.plus_addressing and (to := marks.reply_address(message.conversation_key)):
        mail["Reply-To"] = _named(config.from_name, to)
    if message.kind in AUTOMATIC:
        mail["Auto-Submitted"] = AUTOMATIC[message.kind]
        mail["X-Auto-Response-Suppress"] = "All"
    mail[LOOP_HEADER.title()] = marks.address
    text = with_tickets(message.text, message.tickets)
    mail.set_content(text + "\n", cte="quoted-printable")
    mail.add_alternative(html_of(text), subtype="html", cte="quoted-printable")
    bounce = marks.bounce_address(message.id) if config.bounce_addressing else None
    return Letter(
        message_id=message_id,
        envelope_from=bounce or config.address,
        envelope_to=recipient,
        raw=mail.as_bytes(),
        hints={"references": [*chain, message_id][-MOST_REFERENCES:], "subject": subject},
    )


def _recipient(message: OutboundMessage) -> str:
    email = message.recipient.email if message.recipient else None
    if email is None or not ADDRESS.fullmatch(email):
        raise UndeliverableError("nobody knows an address of the customer")
    mailbox, _, domain = email.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError as error:
        raise UndeliverableError(f"{domain!r} is no domain") from error
    if not mailbox.isascii():
        raise UndeliverableError(f"{email!r} has letters that mail servers do not take")
    return f"{mailbox}@{ascii_domain}"


def _named(name: str, email: str) -> HeaderAddress:
    try:
        return HeaderAddress(display_name=one_line(name), addr_spec=email)
    except (HeaderParseError, ValueError) as error:
        raise UndeliverableError(f"{email!r} is no address") from error


def _chain(message: OutboundMessage) -> list[str]:
    """Return the ids of the conversation's messages, the one that is answered last."""
    listed = [str(one) for one in message.hints.get("references") or ()]
    answered = [message.reply_to] if message.reply_to else listed[-1:]
    ids = [one for one in listed if one not in answered] + answered
    ids = [one for one in ids if MESSAGE_ID.fullmatch(one) and one.isascii()]
    # The first says which conversation it is, the last ones where in it this belongs.
    return ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[1 - MOST_REFERENCES :]]


def _subject(message: OutboundMessage) -> str:
    said = one_line(message.subject or str(message.hints.get("subject") or ""))
    subject = (said or NO_SUBJECT)[:LONGEST_SUBJECT]
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"
