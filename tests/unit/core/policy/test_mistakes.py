"""Where a value breaks a rule."""

from typing import Annotated, Any

import msgspec
import pytest

from hexdesk.core.policy.mistakes import invalid
from hexdesk.core.use_cases.tickets import NewTicket


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(pattern=r"[^\s\x1c-\x1f\x85]", max_length=3)]


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    free: dict[str, dict[str, int]] = {}


@pytest.mark.parametrize(
    ("value", "pointer", "message"),
    [
        ([], "", "expected `object`, got `array`"),
        ({"nothing": 1}, "/nothing", "is not a known field"),
        ({"a/b~c": 1}, "/a~1b~0c", "is not a known field"),
        ({"inner": 1}, "/inner", "expected `object | null`, got `int`"),
        ({"inner": {}}, "/inner/text", "is missing"),
        ({"inner": {"text": " "}}, "/inner/text", "must not be blank"),
        ({"inner": {"text": "long"}}, "/inner/text", "expected `str` of length <= 3"),
        ({"many": [{"text": "x"}, {}]}, "/many/1/text", "is missing"),
        ({"free": {"a": {"b": "c"}}}, "/free", "expected `int`, got `str`"),
    ],
)
def test_a_mistake_is_pointed_at_and_put_in_words(value: Any, pointer: str, message: str):
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, Outer)
    error = invalid(caught.value)
    assert (error.pointer, str(error)) == (pointer, message)


def test_what_is_part_of_something_larger_is_pointed_at_in_there():
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"inner": {}}, Outer)
    assert invalid(caught.value, within="/config").pointer == "/config/inner/text"


@pytest.mark.parametrize("body", [b'{"title": "a", "description": "  "}', b'{"title": " "}'])
def test_text_of_blanks_only_is_told_as_such(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=NewTicket)
    assert str(invalid(caught.value)) == "must not be blank"


def test_a_form_is_not_told_as_a_regular_expression() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(b'{"title": "a", "requester_email": "nobody"}', type=NewTicket)
    assert str(invalid(caught.value)) == "does not have the form that is described for it"
