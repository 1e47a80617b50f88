"""Tickets and their comments."""

import httpx2
import pytest

from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.model.tickets import Priority, TicketDraft
from tests.e2e.http.house import Company, House, created, problem

FIELDS = {
    "id",
    "number",
    "organization_id",
    "title",
    "description",
    "status",
    "priority",
    "category",
    "tags",
    "assignee_id",
    "requester_email",
    "created_by_id",
    "source",
    "thread_id",
    "version",
    "created_at",
    "updated_at",
    "resolved_at",
}


async def test_a_ticket_has_its_fields_and_its_version(admin: httpx2.AsyncClient):
    answer = await admin.post("/api/v1/tickets", json={"title": "Login fails"})
    assert answer.json().keys() == FIELDS
    assert answer.headers["etag"] == '"1"'
    ticket_id = answer.json()["id"]
    shown = await admin.get(f"/api/v1/tickets/{ticket_id}")
    assert (shown.json(), shown.headers["etag"]) == (answer.json(), '"1"')


async def test_a_number_is_no_id_over_http(admin: httpx2.AsyncClient):
    await created(admin, "/tickets", title="x")
    problem(await admin.get("/api/v1/tickets/1"), 404, "not-found")


async def test_put_gives_what_is_missing_its_default(admin: httpx2.AsyncClient):
    ticket = await created(
        admin,
        "/tickets",
        title="x",
        description="y",
        priority="high",
        category="c",
        tags=["t"],
        requester_email="a@b.c",
    )
    answer = await admin.put(f"/api/v1/tickets/{ticket['id']}", json={"title": "z"})
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["title"] == "z"
    defaults: dict[str, object] = {
        "description": "",
        "priority": "normal",
        "category": None,
        "tags": [],
        "requester_email": None,
    }
    assert {name: changed[name] for name in defaults} == defaults
    assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize("body", [{}, {"title": "x", "status": "open"}, {"title": None}])
async def test_put_takes_a_title_and_nothing_unknown(
    admin: httpx2.AsyncClient, body: dict[str, object]
):
    ticket = await created(admin, "/tickets", title="x")
    answer = await admin.put(f"/api/v1/tickets/{ticket['id']}", json=body)
    problem(answer, 422, "invalid")


@pytest.mark.parametrize("wanted", ['"1"', "*"])
async def test_put_of_the_present_version_is_carried_out(admin: httpx2.AsyncClient, wanted: str):
    ticket = await created(admin, "/tickets", title="x")
    path, headers = f"/api/v1/tickets/{ticket['id']}", {"If-Match": wanted}
    answer = await admin.put(path, json={"title": "y"}, headers=headers)
    assert answer.status_code == 200


async def test_put_of_a_stale_version_is_409(admin: httpx2.AsyncClient):
    ticket = await created(admin, "/tickets", title="x")
    path, headers = f"/api/v1/tickets/{ticket['id']}", {"If-Match": '"1"'}
    await admin.put(path, json={"title": "y"}, headers=headers)
    problem(await admin.put(path, json={"title": "z"}, headers=headers), 409, "conflict")
    assert (await admin.get(path)).json()["title"] == "y"


@pytest.mark.parametrize("wanted", ["", "1", '"x"', 'W/"1"', '"1", "2"', '""', '"-1"'])
async def test_a_malformed_version_is_422(admin: httpx2.AsyncClient, wanted: str):
    ticket = await created(admin, "/tickets", title="x")
    path, headers = f"/api/v1/tickets/{ticket['id']}", {"If-Match": wanted}
    problem(await admin.put(path, json={"title": "y"}, headers=headers), 422, "invalid")


async def test_a_ticket_goes_its_way(admin: httpx2.AsyncClient):
    ticket = await created(admin, "/tickets", title="x")
    path = f"/api/v1/tickets/{ticket['id']}/status"
    resolved = await admin.patch(path, json={"status": "resolved"})
    assert resolved.json()["resolved_at"]
    again = await admin.patch(path, json={"status": "resolved"})
    assert (again.status_code, again.headers["etag"]) == (200, resolved.headers["etag"])
    refused = await admin.patch(path, json={"status": "waiting"})
    assert problem(refused, 409, "conflict")["allowed"] == ["open", "closed"]


async def test_a_ticket_is_given_to_a_member_and_to_nobody_else(company: Company):
    ticket = await created(company.admin, "/tickets", title="x")
    path = f"/api/v1/tickets/{ticket['id']}/assign"
    me = company.tokens["user"]["id"]
    answer = await company.admin.patch(path, json={"assignee_id": me})
    assert answer.json()["assignee_id"] == me
    answer = await company.admin.patch(path, json={"assignee_id": None})
    assert answer.json()["assignee_id"] is None
    stranger = await company.house.company("eve")
    body = {"assignee_id": stranger.tokens["user"]["id"]}
    told = problem(await company.admin.patch(path, json=body), 422, "invalid")
    assert told["errors"][0]["pointer"] == "/assignee_id"
    problem(await company.admin.patch(path, json={}), 422, "invalid")


async def test_tickets_are_filtered(company: Company):
    admin = company.admin
    wanted = await created(
        admin, "/tickets", title="fire", priority="high", category="login", tags=["sso", "vpn"]
    )
    await created(admin, "/tickets", title="water")
    me = company.tokens["user"]["id"]
    await admin.patch(f"/api/v1/tickets/{wanted['id']}/assign", json={"assignee_id": me})
    await admin.patch(f"/api/v1/tickets/{wanted['id']}/status", json={"status": "waiting"})
    for params in (
        {"status": "waiting"},
        {"priority": "high"},
        {"category": "login"},
        {"tag": "vpn"},
        {"assignee_id": me},
        {"query": "fire", "tag": "sso"},
        {"status": "waiting", "created_from": "2026-01-01T12:00:00Z"},
    ):
        told = (await admin.get("/api/v1/tickets", params=params)).json()
        assert [one["id"] for one in told["data"]] == [wanted["id"]], params
    none = {"created_to": "2025-12-31T23:59:59+00:00"}
    assert (await admin.get("/api/v1/tickets", params=none)).json()["total"] == 0


async def test_tickets_are_counted(admin: httpx2.AsyncClient):
    ticket = await created(admin, "/tickets", title="x", priority="urgent")
    await admin.patch(f"/api/v1/tickets/{ticket['id']}/status", json={"status": "closed"})
    told = (await admin.get("/api/v1/tickets/stats/overview")).json()
    assert told == {
        "total": 1,
        "by_status": {"open": 0, "in_progress": 0, "waiting": 0, "resolved": 0, "closed": 1},
        "by_priority": {"low": 0, "normal": 0, "high": 0, "urgent": 1},
        "unassigned": 1,
        "created_today": 1,
        "resolved_today": 1,
        "average_resolution_seconds": 0,
    }


async def test_removing_a_ticket_needs_an_admin(company: Company):
    ticket = await created(company.admin, "/tickets", title="x")
    path = f"/api/v1/tickets/{ticket['id']}"
    problem(await (await company.user()).delete(path), 403, "forbidden")
    answer = await company.admin.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    problem(await company.admin.get(path), 404, "not-found")


async def test_a_model_draws_a_ticket_from_a_text(house: House, admin: httpx2.AsyncClient):
    house.runner.drafts.append(TicketDraft(title="No log-in", priority=Priority.URGENT))
    answer = await admin.post("/api/v1/tickets/ai-create", json={"text": "help!\nno log-in"})
    assert answer.status_code == 201
    ticket = answer.json()
    assert ticket.keys() == FIELDS | {"degraded", "degraded_reason"}
    assert (ticket["title"], ticket["priority"]) == ("No log-in", "urgent")
    assert (ticket["degraded"], ticket["degraded_reason"]) == (False, None)
    assert answer.headers["etag"] == '"1"'


async def test_without_a_model_the_first_line_is_the_title(house: House, admin: httpx2.AsyncClient):
    house.runner.drafts.append(ModelUnavailableError("no key"))
    body = {"text": " Help!\nNobody can log in."}
    ticket = (await admin.post("/api/v1/tickets/ai-create", json=body)).json()
    assert (ticket["title"], ticket["description"]) == ("Help!", "Help!\nNobody can log in.")
    assert (ticket["degraded"], ticket["degraded_reason"]) == (True, "model_unavailable")


async def test_comments_are_kept_with_their_ticket(company: Company):
    ticket = await created(company.admin, "/tickets", title="x")
    path = f"/tickets/{ticket['id']}/comments"
    comment = await created(company.admin, path, body="Look at this", internal=True)
    assert comment["author_id"] == company.tokens["user"]["id"]
    assert (comment["author_type"], comment["internal"]) == ("user", True)
    told = (await company.admin.get(f"/api/v1{path}")).json()
    assert told["data"] == [comment]
    problem(await company.admin.post(f"/api/v1{path}", json={"body": " "}), 422, "invalid")
