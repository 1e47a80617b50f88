"""A mailbox's configuration is checked when it is read."""

from typing import Any

import msgspec
import pytest

from hexdesk_email import EmailChannel, EmailConfig, EmailSettings

LEAST = {"address": "support@desk.test", "smtp_host": "smtp.desk.test"}


def test_two_fields_are_enough() -> None:
    config = msgspec.convert(LEAST, EmailConfig)
    assert (config.smtp_port, config.smtp_security) == (587, "starttls")
    assert (config.imap_port, config.imap_security, config.imap_host) == (993, "tls", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "support"},
        {"address": "süpport@desk.test"},
        {"address": "a@b.test\r\nBcc: c@d.test"},
        {"from_name": "a\nb"},
        {"imap_folder": "a\r\nb"},
        {"smtp_password": "a\0b"},
        {"smtp_host": "smtp.desk.test/x"},
        {"imap_host": ""},
        {"smtp_port": 0},
        {"imap_port": 70_000},
        {"smtp_security": "ssl"},
        {"max_message_bytes": 1},
        {"max_age_days": 0},
        {"is_handed_over": True, "imap_host": "imap.desk.test"},
    ],
)
def test_what_no_mail_server_takes_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(LEAST | wrong, EmailConfig)


def test_the_passwords_are_secrets() -> None:
    names = {name for name in EmailConfig.__struct_fields__ if "password" in name}
    assert EmailChannel().secrets == names


@pytest.mark.parametrize(
    ("listen", "door"),
    [
        (None, None),
        ("lmtp://127.0.0.1:2424", ("lmtp", "127.0.0.1", 2424)),
        ("smtp://[::1]:25", ("smtp", "::1", 25)),
        ("lmtp://mail.desk.internal:24", ("lmtp", "mail.desk.internal", 24)),
    ],
)
def test_it_is_said_where_mail_is_handed_over(
    listen: str | None, door: tuple[str, str, int] | None
) -> None:
    assert EmailSettings(listen=listen, spool_folder="/var/spool/desk").door == door


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:2424", "http://127.0.0.1:80", "lmtp://x", "lmtp://:1"]
)
def test_where_nobody_can_listen_is_refused(listen: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="lmtp://"):
        msgspec.convert({"listen": listen, "spool_folder": "/spool"}, EmailSettings)


def test_whoever_listens_needs_a_place_for_what_comes() -> None:
    with pytest.raises(msgspec.ValidationError, match="HEXDESK_EMAIL_SPOOL_FOLDER"):
        msgspec.convert({"listen": "lmtp://127.0.0.1:2424"}, EmailSettings)
