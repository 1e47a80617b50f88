"""Mail that no person wrote (RFC 3834): answering it would begin a loop."""

import re
from collections.abc import Iterable

from hexdesk_email.mail import Mail

LOOP_HEADER = "x-hexdesk-loop"
LISTED = frozenset({"bulk", "junk", "list", "auto_reply"})
# Each of these is set by programs only.
TELLING = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply-from",
    "x-mail-autoreply",
    "x-loop",
    "list-id",
    "list-unsubscribe",
    "feedback-id",
    "x-failed-recipients",
)
SUPPRESSED = re.compile(r"\b(?:all|oof|autoreply)\b", re.IGNORECASE)
ROBOTS = re.compile(
    r"(?:mailer-daemon|postmaster|(?:do[-_.]?)?no[-_.]?t?[-_.]?reply|bounces?|notifications?"
    r"|verif(?:y|ication)|confirm(?:ation)?|auto(?:mated|mailer|responder)?)(?:[+\-_.=].*)?"
)


def automation_of(mail: Mail, *, address: str, robots: Iterable[str] = ()) -> str | None:
    """Return why no person wrote the mail, or None where a person may have.

    `address` is the desk's own, and `robots` are senders whom nobody is to answer.
    """
    return _declared(mail) or _reported(mail) or _suppressed(mail) or _robot(mail, address, robots)


def is_auto_reply(mail: Mail) -> bool:
    """Tell whether somebody's mail program answers, as it does when they are away."""
    return mail.header("auto-submitted").strip().lower().startswith("auto-replied")


def _declared(mail: Mail) -> str | None:
    if LOOP_HEADER in mail.headers:
        return "it was sent by a desk"
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    return f"Auto-Submitted: {submitted[:40]}" if submitted not in {"", "no"} else None


def _reported(mail: Mail) -> str | None:
    content_type = mail.header("content-type").lower()
    if (
        mail.report is not None
        or content_type.startswith("multipart/report")
        or "delivery-status" in content_type
    ):
        return "it is a mail server's report"
    if mail.header("return-path").replace(" ", "") == "<>":
        return "it has no return path"
    return None


def _suppressed(mail: Mail) -> str | None:
    precedence = mail.header("precedence").strip().lower()
    if precedence in LISTED:
        return f"Precedence: {precedence}"
    if SUPPRESSED.search(mail.header("x-auto-response-suppress")):
        return "it wants no automatic answer"
    told = next((name for name in TELLING if name in mail.headers), None)
    return f"it has the header {told}" if told else None


def _robot(mail: Mail, address: str, robots: Iterable[str]) -> str | None:
    if mail.sender is None:
        return mail.faults[-1] if mail.faults else "it names no sender"
    if mail.sender.email == address.lower():
        return "it comes from the desk's own address"
    refused = {one.lower() for one in robots}
    if refused & {mail.sender.email, mail.sender.mailbox, f"@{mail.sender.domain}"}:
        return "its sender is on the list of robots"
    if ROBOTS.fullmatch(mail.sender.mailbox):
        return f"{mail.sender.mailbox!r} is a robot's name"
    return None
