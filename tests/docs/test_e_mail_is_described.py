"""The page about e-mail names every field there is, with its true default."""

from typing import Any

import msgspec

from hexdesk_email import EmailConfig, EmailSettings
from tests.docs.pages import Page

PAGE = "docs/reference/e-mail.md"


def shown(field: Any) -> str:
    if field.required:
        return "required"
    if field.default is None:
        return "none"
    default = field.default
    return msgspec.json.encode(default).decode().strip('"') if default != "" else '""'


def test_every_field_is_described_with_its_default() -> None:
    described = Page.read(PAGE).section("Configuration").first_cells()
    expected = {one.name: shown(one) for one in msgspec.structs.fields(EmailConfig)}
    expected |= {
        f"HEXDESK_EMAIL_{one.name.upper()}": shown(one)
        for one in msgspec.structs.fields(EmailSettings)
    }
    assert {name: row[1].strip("`") for name, row in described.items()} == expected
