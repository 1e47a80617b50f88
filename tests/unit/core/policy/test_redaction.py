"""What may be shown again of a tool call's arguments."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.policy.redaction import REDACTED, redacted, shown_to_decide
from tests.unit.core.laws import law

SECRET = "Zq9-unguessable-Zq9"
SECRET_NAMES = (
    "password", "PASSWD", "client_secret", "accessToken", "api_key", "apikey", "Authorization",
    "credentials", "private_key", "Cookie",
)  # fmt: skip
SECRET_VALUES = (
    "sk-abcdefghijklmnop1234", "hxd_abcdefghijklmnop1234", "xoxb-1234567890-abcdef",
    "ghp_abcdefghijklmnopqrst1234", "AKIAABCDEFGHIJKLMNOP",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIz",
)  # fmt: skip
PLAIN = some.none() | some.booleans() | some.integers() | some.text(max_size=10)


def hidden(value: Any) -> Any:
    """Return a secret somewhere below a name that says so."""
    return some.dictionaries(
        some.sampled_from(SECRET_NAMES),
        some.just(SECRET) | some.lists(some.just(SECRET), min_size=1) | value,
        min_size=1,
    )


JSON = some.recursive(
    PLAIN,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.text(max_size=5), inner, max_size=3)
        | hidden(inner)
    ),
    max_leaves=8,
)


@law
@given(JSON)
def test_nothing_under_a_name_that_says_secret_is_shown(value: Any) -> None:
    assert SECRET not in msgspec.json.encode(redacted(value)).decode()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_what_a_secret_name_holds_is_replaced_whole(name: str) -> None:
    assert redacted({name: {"user": "ada", "pin": 1}}) == {name: REDACTED}


def test_an_empty_secret_hides_nothing() -> None:
    assert redacted({"password": "", "token": None, "secret": 0}) == {
        "password": "", "token": None, "secret": 0,
    }  # fmt: skip


@pytest.mark.parametrize("value", SECRET_VALUES)
def test_what_has_the_shape_of_a_secret_is_replaced_wherever_it_stands(value: str) -> None:
    text = f"use {value}, please"
    assert redacted({"notes": [text, {value: (text,)}]}) == {
        "notes": [f"use {REDACTED}, please", {REDACTED: [f"use {REDACTED}, please"]}]
    }


def test_everything_else_stays_as_it_is() -> None:
    arguments = {"title": "Login fails", "tags": ["vpn"], "number": 12, "urgent": True, "to": None}
    assert redacted(arguments) == arguments


def test_what_no_storage_takes_is_replaced() -> None:
    assert redacted({"ti\0tle": "a\0b"}) == {"ti\N{REPLACEMENT CHARACTER}tle": "a\ufffdb"}


def test_whoever_decides_sees_what_only_looks_like_a_secret() -> None:
    value = SECRET_VALUES[0]
    assert redacted({"text": value}) == {"text": REDACTED}
    assert shown_to_decide({"text": value, "password": value}) == {
        "text": value, "password": REDACTED,
    }  # fmt: skip
