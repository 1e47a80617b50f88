"""How tickets go from one status to another."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.tickets import Ticket, TicketStatus
from hexdesk.core.policy.tickets import TRANSITIONS, moved
from hexdesk.core.testing.examples import NOON, a_ticket, new_id
from tests.unit.core.laws import law

OPEN, IN_PROGRESS, WAITING, RESOLVED, CLOSED = TicketStatus
ALLOWED = {
    OPEN: (IN_PROGRESS, WAITING, RESOLVED, CLOSED),
    IN_PROGRESS: (OPEN, WAITING, RESOLVED, CLOSED),
    WAITING: (OPEN, IN_PROGRESS, RESOLVED, CLOSED),
    RESOLVED: (OPEN, CLOSED),
    CLOSED: (OPEN,),
}
STEPS = some.lists(some.sampled_from(list(TicketStatus)), max_size=8)


def ticket(status: TicketStatus) -> Ticket:
    return a_ticket(new_id(), status=status)


@pytest.mark.parametrize("status", TicketStatus)
def test_from_each_status_the_contract_s_ones_can_be_reached(status: TicketStatus) -> None:
    assert TRANSITIONS[status] == ALLOWED[status]
    for other in ALLOWED[status]:
        assert moved(ticket(status), other, NOON).status is other


@pytest.mark.parametrize("status", TicketStatus)
def test_any_other_step_is_refused_with_what_is_allowed(status: TicketStatus) -> None:
    for other in set(TicketStatus) - {status, *ALLOWED[status]}:
        message = f"a ticket that is {status} cannot become {other}"
        with pytest.raises(ConflictError, match=message) as error:
            moved(ticket(status), other, NOON)
        assert error.value.allowed == tuple(str(one) for one in ALLOWED[status])


@pytest.mark.parametrize("status", TicketStatus)
def test_the_same_status_changes_nothing(status: TicketStatus) -> None:
    same = ticket(status)
    assert moved(same, status, NOON) is same


def test_the_time_of_resolving_stays_when_a_resolved_ticket_is_closed() -> None:
    resolved = moved(ticket(OPEN), RESOLVED, NOON)
    assert resolved.resolved_at == NOON
    assert moved(resolved, CLOSED, NOON + timedelta(days=1)).resolved_at == NOON


def test_closing_an_unresolved_ticket_counts_as_resolving_it() -> None:
    assert moved(ticket(WAITING), CLOSED, NOON).resolved_at == NOON


def test_reopening_clears_the_time_of_resolving() -> None:
    for over in (RESOLVED, CLOSED):
        assert moved(moved(ticket(OPEN), over, NOON), OPEN, NOON).resolved_at is None


@law
@given(STEPS)
def test_a_ticket_has_a_time_of_resolving_exactly_while_it_is_over(
    steps: list[TicketStatus],
) -> None:
    now = ticket(OPEN)
    for step in steps:
        if step is now.status or step in TRANSITIONS[now.status]:
            now = moved(now, step, NOON)
        assert (now.resolved_at is not None) == (now.status in {RESOLVED, CLOSED})
