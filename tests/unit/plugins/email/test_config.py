"""A mailbox's configuration is checked when it is read."""

from typing import Any

import msgspec
import pytest

from hexdesk_email import EmailChannel, EmailConfig

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
    ],
)
def test_what_no_mail_server_takes_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(LEAST | wrong, EmailConfig)


def test_the_passwords_are_secrets() -> None:
    names = {name for name in EmailConfig.__struct_fields__ if "password" in name}
    assert EmailChannel().secrets == names
