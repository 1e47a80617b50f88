"""How lists may be sorted, and which part of one is returned."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.agents import ActionCount, AgentView, ToolUseStatus
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.tickets import Ticket
from hexdesk.core.policy.listing import check_sort, part_of, sortable
from tests.unit.core.laws import law


class Item(msgspec.Struct, frozen=True):
    id: int
    rank: int | None
    created_at: int = 0


ITEMS = [Item(1, 3), Item(2, None), Item(3, 1), Item(4, 3)]


def ids(sort: str | None, **part: Any) -> list[int]:
    return [item.id for item in part_of(ITEMS, Slice(sort=sort, **part)).data]


def test_scalar_fields_can_be_sorted_by_and_others_cannot() -> None:
    assert {"title", "number", "priority", "assignee_id", "resolved_at"} <= sortable(Ticket)
    assert "tags" not in sortable(Ticket)
    assert {"name", "temperature", "is_active", "status", "created_at"} <= sortable(AgentView)
    assert not {"tools_enabled", "configuration"} & sortable(AgentView)


@pytest.mark.parametrize("sort", [None, "number", "-number"])
def test_a_sort_may_be_absent_ascending_or_descending(sort: str | None) -> None:
    check_sort(Ticket, sort)


@pytest.mark.parametrize("sort", ["", "-", "--number", "tags", "password", "number "])
def test_any_other_sort_is_refused_with_those_there_are(sort: str) -> None:
    with pytest.raises(
        InvalidError, match=r"cannot sort by .* choose one of assignee_id,"
    ) as error:
        check_sort(Ticket, sort)
    assert error.value.pointer == "/sort"


def test_a_list_is_sorted_by_value_then_id_and_what_has_none_comes_last() -> None:
    assert ids("rank") == [3, 1, 4, 2]
    assert ids("-rank") == [4, 1, 3, 2]


def test_without_a_sort_a_list_stays_as_it_is() -> None:
    assert ids(None) == [1, 2, 3, 4]
    counts = [ActionCount(tool="get_ticket", status=ToolUseStatus.OK, count=1)]
    assert part_of(counts, Slice(sort=None)).data == tuple(counts)


@law
@given(limit=some.integers(1, 6), offset=some.integers(0, 6))
def test_a_part_is_cut_from_the_sorted_list_and_knows_the_whole(limit: int, offset: int) -> None:
    page = part_of(ITEMS, Slice(limit=limit, offset=offset, sort="id"))
    assert page == Page(
        data=tuple(ITEMS[offset : offset + limit]), total=4, limit=limit, offset=offset
    )
