"""Nobody but the desk makes an address or an id that leads into a conversation."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexdesk_email.headers import ADDRESS, MESSAGE_ID
from hexdesk_email.marks import Marks, is_token, token

MARKS = Marks(key=b"key", address="support@desk.test")
OTHERS = Marks(key=b"another key", address="support@desk.test")
KEY = token("a conversation")
ID = UUID(int=2**127 + 5)


def test_an_answer_to_the_reply_address_finds_its_conversation() -> None:
    address = MARKS.reply_address(KEY)
    assert address is not None
    assert ADDRESS.fullmatch(address)
    for written in (address, address.upper()):
        assert MARKS.conversation_of(["x@y.test", written]) == KEY
    assert OTHERS.conversation_of([address]) is None


def test_an_address_that_was_changed_leads_nowhere() -> None:
    address = MARKS.reply_address(KEY) or ""
    other = token("another conversation")
    for changed in (
        address.replace(KEY, other),
        address.replace("+c.", "+b."),
        address.replace("+c.", "+"),
        address[:-12] + "a" + address[-11:],
        "support@desk.test",
        "support+c.@desk.test",
        "support+c..@desk.test",
        "+c.é.é@desk.test",
    ):
        assert MARKS.conversation_of([changed]) is None
        assert MARKS.bounced_message([changed]) is None


def test_a_conversation_of_another_shape_has_no_address() -> None:
    for key in ("", "conversation-1", KEY.upper(), KEY + "a", "1" * 16, "é" * 16):
        assert not is_token(key)
        assert MARKS.reply_address(key) is None


def test_an_address_is_never_longer_than_mail_servers_take() -> None:
    long = Marks(key=b"key", address=f"{'s' * 40}@desk.test")
    assert long.reply_address(KEY) is None
    assert long.bounce_address(ID) is None


def test_a_bounce_tells_which_message_it_is_about() -> None:
    address = MARKS.bounce_address(ID)
    assert address is not None
    assert len(address.partition("@")[0]) <= 64
    assert MARKS.bounced_message([address]) == MARKS.message_id(ID)
    assert OTHERS.bounced_message([address]) is None


def test_a_message_has_the_same_id_whenever_it_is_sent() -> None:
    message_id = MARKS.message_id(ID)
    assert message_id == MARKS.message_id(ID)
    assert MESSAGE_ID.fullmatch(message_id)
    assert MARKS.is_ours(message_id)
    assert not OTHERS.is_ours(message_id)
    assert not MARKS.is_ours(message_id.replace(ID.hex, UUID(int=1).hex))


@pytest.mark.parametrize("message_id", ["", "<>", "<x@y>", "<.@y>", "<a.é@y>"])
def test_an_id_of_somebody_else_is_not_ours(message_id: str) -> None:
    assert not MARKS.is_ours(message_id)


@given(st.text(max_size=100))
def test_nothing_written_at_random_leads_anywhere(text: str) -> None:
    assert MARKS.conversation_of([text]) is None
    assert MARKS.bounced_message([text]) is None
    assert not MARKS.is_ours(text)
