"""What a change gives."""

from hexdesk.core.policy.changes import given
from hexdesk.core.use_cases.tickets import TicketChange


def test_a_change_gives_what_is_there_nulls_too() -> None:
    assert given(TicketChange()) == {}
    assert given(TicketChange(title="New", category=None)) == {"title": "New", "category": None}
