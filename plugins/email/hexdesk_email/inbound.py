"""From a parsed e-mail to a message of a customer."""

import hashlib

import msgspec

from hexdesk.core import InboundFile, InboundMessage, Sender
from hexdesk_email.automation import automation_of, is_auto_reply
from hexdesk_email.mail import Mail
from hexdesk_email.marks import Marks, token
from hexdesk_email.trust import is_proven

MOST_REFERENCES = 30
NOBODY = "nobody@unknown.invalid"
UNREADABLE = "(This e-mail could not be read{why}. It is kept in the mailbox as it came.)"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message lies, so that its files can be fetched later.

    In the mailbox, or, where it was handed over, in the file `spooled`. `file` is the number of
    the attachment, beginning with 0.
    """

    uid: int = 0
    uidvalidity: int = 0
    spooled: str = ""
    message_id: str = ""
    file: int = 0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one must know of a mailbox to understand what comes to it."""

    marks: Marks
    authserv_id: str | None = None
    robots: tuple[str, ...] = ()


def understand(mail: Mail, reading: Reading, origin: Origin) -> InboundMessage:
    """Return the message, with the conversation it belongs to and whether a person wrote it."""
    automated = automation_of(mail, address=reading.marks.address, robots=reading.robots)
    sender = _sender(mail, reading)
    digest = _digest(mail, sender)
    conversation, replies_to = _thread(mail, reading.marks, automated)
    return InboundMessage(
        dedupe_key=digest,
        conversation_key=conversation or token(f"conversation {digest}"),
        message_id=mail.message_id,
        sender=sender,
        text=_text(mail, mail.new_text),
        full_text=_text(mail, mail.text),
        subject=mail.subject or None,
        replies_to=replies_to,
        files=tuple(
            InboundFile(
                filename=attachment.filename,
                content_type=attachment.content_type,
                size=len(attachment.data),
                reference=_reference(origin, mail, number),
            )
            for number, attachment in enumerate(mail.attachments)
        ),
        automated=automated,
        hints={"references": _chain(mail), "subject": mail.subject},
    )


def _digest(mail: Mail, sender: Sender) -> str:
    # The sender chooses the Message-ID, so nobody else's message may be taken for theirs; and
    # some programs use one id for all they send. All of it is known to whoever got the mail too:
    # a copy that they forge, and that comes first, must not keep out the one that is proven.
    proof = "proven" if sender.is_verified else ""
    said = "\n".join((mail.message_id, sender.email or "", mail.header("date"), proof))
    return hashlib.sha256(said.encode()).hexdigest()


def _thread(mail: Mail, marks: Marks, automated: str | None) -> tuple[str | None, tuple[str, ...]]:
    answered = tuple(dict.fromkeys((*reversed(mail.in_reply_to), *reversed(mail.references))))[
        :MOST_REFERENCES
    ]
    if automated is None:
        conversation = marks.conversation_of(mail.recipients)
        # The address was signed for this conversation, whatever else the message names.
        return conversation, () if conversation else answered
    bounced = marks.bounced_message(mail.recipients)
    if mail.report is not None or bounced:
        told = mail.report.about if mail.report else ()
        about = (*((bounced,) if bounced else ()), *answered, *told)
        return None, tuple(dict.fromkeys(one for one in about if marks.is_ours(one)))
    # What a robot writes to the address of a conversation must not be read there: it may be the
    # code by which a stranger proves that the address is theirs.
    is_answer = is_auto_reply(mail)
    return None, tuple(one for one in answered if is_answer and marks.is_ours(one))


def _sender(mail: Mail, reading: Reading) -> Sender:
    if mail.sender is None:
        return Sender(external_id=NOBODY)
    results = mail.headers.get("authentication-results", ())
    return Sender(
        external_id=mail.sender.email,
        name=mail.sender.name,
        email=mail.sender.email,
        is_verified=is_proven(results, reading.authserv_id, mail.sender.domain),
    )


def _text(mail: Mail, text: str) -> str:
    if mail.report is not None and mail.report.detail:
        text = f"{text}\n\n{mail.report.action} {mail.report.status}: {mail.report.detail}".strip()
    if mail.is_whole:
        return text
    why = f": {mail.faults[0]}" if mail.faults else " completely"
    return "\n\n".join(part for part in (text, UNREADABLE.format(why=why)) if part)


def _reference(origin: Origin, mail: Mail, number: int) -> str:
    kept = msgspec.structs.replace(origin, message_id=mail.message_id, file=number)
    return msgspec.json.encode(kept).decode()


def _chain(mail: Mail) -> list[str]:
    ids = dict.fromkeys((*(mail.references or mail.in_reply_to), mail.message_id))
    return list(ids)[-MOST_REFERENCES:]
