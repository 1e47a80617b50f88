"""How names become parts of addresses."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.policy.slugs import slug
from tests.unit.core.laws import law

ID = UUID(int=0xABCDEF)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme GmbH & Co.", "acme-gmbh-co-abcdef"),
        ("Café Zoë", "cafe-zoe-abcdef"),
        ("株式会社", "organization-abcdef"),
        ("  --  ", "organization-abcdef"),
        ("a" * 50, f"{'a' * 40}-abcdef"),
        (f"{'a' * 39} bc", f"{'a' * 39}-abcdef"),
    ],
)
def test_a_slug_is_the_readable_part_of_the_name(name: str, expected: str) -> None:
    assert slug(name, ID) == expected


@law
@given(name=some.text(), unique=some.uuids())
def test_any_name_becomes_a_slug_that_fits_an_address(name: str, unique: UUID) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{6}", slug(name, unique))
