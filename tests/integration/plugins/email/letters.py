"""E-mail as customers send it."""

from email.message import EmailMessage
from email.policy import SMTP


def a_letter(text: str = "Where is my parcel?", **headers: str) -> EmailMessage:
    """Return a mail of Zoe's to the desk; `in_reply_to` is the header `In-Reply-To`."""
    mail = EmailMessage(policy=SMTP)
    usual = {
        "from": "Zoë <zoe@customer.test>",
        "to": "support@desk.test",
        "subject": "My parcel",
        "date": "Wed, 25 Nov 2026 10:00:00 +0000",
        "message_id": f"<{abs(hash(text))}@customer.test>",
    }
    for name, value in (usual | headers).items():
        mail[name.replace("_", "-").title()] = value
    mail.set_content(text + "\n")
    return mail


def bytes_of(mail: EmailMessage) -> bytes:
    return mail.as_bytes()
