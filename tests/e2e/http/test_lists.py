"""Lists: parts, totals, order."""

from typing import Any

import httpx2
import pytest

from hexdesk.core.testing import SteadyClock
from tests.e2e.http.every_call import CALLS
from tests.e2e.http.house import Company, House, created, problem

LISTS = [
    call for call in CALLS if any(one["name"] == "limit" for one in call.operation["parameters"])
]
OLDEST_FIRST = {"list_agents", "list_messages"}
BY_NAME = {"list_tools": "name", "count_agent_actions": "tool"}


async def ids_of(company: Company) -> dict[str, str]:
    """Return what lists hang from."""
    admin = company.admin
    config = {"url": "https://example.com/hook"}
    hook = await created(admin, "/integrations", type="webhook", name="x", config=config)
    return {
        "integration_id": hook["id"],
        "agent_id": (await created(admin, "/agents"))["id"],
        "thread_id": (await created(admin, "/chat/threads"))["id"],
        "ticket_id": (await created(admin, "/tickets", title="x"))["id"],
    }


async def test_every_list_has_one_form(company: Company):
    ids = await ids_of(company)
    assert len(LISTS) == 20
    for call in LISTS:
        answer = await call.by(company.admin, ids, params={"limit": 3})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told.keys() == {"data", "total", "limit", "offset"}, call.name
        assert (told["limit"], told["offset"]) == (3, 0)
        assert len(told["data"]) == min(3, told["total"])


async def test_a_list_comes_in_parts_of_fifty_from_the_start(admin: httpx2.AsyncClient):
    told = (await admin.get("/api/v1/tickets")).json()
    assert (told["limit"], told["offset"]) == (50, 0)


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 201}, "/limit"),
        ({"limit": -1}, "/limit"),
        ({"limit": "x"}, "/limit"),
        ({"limit": "1.5"}, "/limit"),
        ({"limit": ""}, "/limit"),
        ({"offset": -1}, "/offset"),
        ({"offset": 10_001}, "/offset"),
        ({"sort": "nothing"}, "/sort"),
        ({"sort": "--title"}, "/sort"),
        ({"sort": ""}, "/sort"),
        ({"sort": "tags"}, "/sort"),
        ({"status": "gone"}, "/status"),
        ({"status": "null"}, "/status"),
        ({"priority": ""}, "/priority"),
        ({"assignee_id": "me"}, "/assignee_id"),
        ({"assignee_id": "null"}, "/assignee_id"),
        ({"query": " "}, "/query"),
        ({"query": "a\x00"}, "/query"),
        ({"tag": "\x00"}, "/tag"),
        ({"created_from": "yesterday"}, "/created_from"),
        ({"created_to": "2026-01-01T12:00:00"}, "/created_to"),
        ({"created_to": "1767268800"}, "/created_to"),
        ([("limit", "1"), ("limit", "2")], "/limit"),
    ],
)
async def test_a_bad_query_value_is_422(admin: httpx2.AsyncClient, params: Any, pointer: str):
    answer = await admin.get("/api/v1/tickets", params=params)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("path", ["tickets", "auth/me", "tickets/stats/overview"])
async def test_a_query_parameter_that_the_call_does_not_know_is_422(
    admin: httpx2.AsyncClient, path: str
):
    answer = await admin.get(f"/api/v1/{path}", params={"stauts": "open"})
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/stauts"


async def test_limits_are_inclusive(admin: httpx2.AsyncClient):
    for params in ({"limit": 1, "offset": 0}, {"limit": 200, "offset": 10_000}):
        assert (await admin.get("/api/v1/tickets", params=params)).status_code == 200


async def test_lists_have_their_default_order(house: House, company: Company):
    assert isinstance(house.clock, SteadyClock)
    ids = await ids_of(company)
    for title in ("second", "third"):
        house.clock.advance(1)
        await created(company.admin, "/tickets", title=title)
        await created(company.admin, "/agents", name=title)
        await created(company.admin, f"/tickets/{ids['ticket_id']}/comments", body=title)
    for call in LISTS:
        told = (await call.by(company.admin, ids)).json()["data"]
        field = BY_NAME.get(call.name, "created_at")
        values = [one[field] for one in told]
        rises = call.name in OLDEST_FIRST or call.name in BY_NAME
        assert values == sorted(values, reverse=not rises), call.name


async def test_every_scalar_field_of_an_item_sorts(company: Company):
    ids = await ids_of(company)
    for call in LISTS:
        for item in (await call.by(company.admin, ids)).json()["data"][:1]:
            for name, value in item.items():
                for sort in (name, f"-{name}") if value is not None else ():
                    answer = await call.by(company.admin, ids, params={"sort": sort})
                    is_scalar = not isinstance(value, list | dict)
                    assert answer.status_code == (200 if is_scalar else 422), (call.name, sort)


async def test_a_part_starts_where_the_last_one_ended(admin: httpx2.AsyncClient):
    for number in range(5):
        await created(admin, "/tickets", title=f"t{number}")
    titles: list[str] = []
    for offset in (0, 2, 4):
        params = {"limit": 2, "offset": offset, "sort": "title"}
        told = (await admin.get("/api/v1/tickets", params=params)).json()
        assert told["total"] == 5
        titles += [one["title"] for one in told["data"]]
    assert titles == ["t0", "t1", "t2", "t3", "t4"]


async def test_a_search_is_ordered_by_rank_unless_another_order_is_asked_for(
    admin: httpx2.AsyncClient,
):
    await created(admin, "/tickets", title="printer printer printer", description="printer")
    await created(admin, "/tickets", title="a cable", description="for a printer")
    best = (await admin.get("/api/v1/tickets", params={"query": "printer"})).json()["data"]
    assert [one["number"] for one in best] == [1, 2]
    params = {"query": "printer", "sort": "title"}
    sorted_ = (await admin.get("/api/v1/tickets", params=params)).json()["data"]
    assert [one["number"] for one in sorted_] == [2, 1]
