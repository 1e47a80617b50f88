"""Calls that wait for a person, over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from hexdesk.core.testing import SteadyClock, saying
from tests.e2e.http.house import DELETE_IT, Company, created, problem
from tests.e2e.http.test_streams import STREAM, events_in
from tests.storages import MEMORY
from tests.unit.core.people import waiting

DAY = 86_400
FIELDS = {
    "id", "thread_id", "run_id", "agent_id", "tool", "arguments", "arguments_hash", "status",
    "expires_at", "created_at", "decided_by_id", "decided_at", "resumed_run_id",
}  # fmt: skip
# Of {"ticket_id":1}, to be had with `printf '{"ticket_id":1}' | sha256sum`.
HASH = "d0c53b89dd5cc203a0afbebe4655c7e986434190be69014218d0e741f1ed26c0"


@pytest.fixture
async def thread_id(company: Company) -> str:
    """Return a conversation with an agent that may delete tickets once a person allows it."""
    agent = await created(company.admin, "/agents", tools_enabled=["delete_ticket"])
    return (await created(company.admin, "/chat/threads", agent_id=agent["id"]))["id"]


async def decide(client: httpx2.AsyncClient, approval_id: str, **body: Any) -> httpx2.Response:
    headers = {"Idempotency-Key": body.pop("key")} if "key" in body else {}
    path = f"/api/v1/approvals/{approval_id}/decision"
    return await client.post(path, json=body, headers=headers)


async def asked_for(company: Company, thread_id: str) -> dict[str, Any]:
    company.house.runner.scripts.append(waiting())
    path = f"/chat/threads/{thread_id}/messages"
    return (await created(company.admin, path, content=DELETE_IT))["approvals"][0]


async def shown(client: httpx2.AsyncClient, path: str) -> Any:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def over(company: Company) -> None:
    """Wait until no run is at work."""
    async with asyncio.timeout(5):
        while company.house.desk.run_desk.running:  # noqa: ASYNC110  it tells of no change
            await asyncio.sleep(0)


async def test_the_answer_shows_what_waits(company: Company, thread_id: str):
    company.house.runner.scripts.append(waiting())
    path = f"/chat/threads/{thread_id}/messages"
    answer = await created(company.admin, path, content=DELETE_IT)
    (approval,) = answer["approvals"]
    assert approval.keys() == FIELDS
    assert (approval["tool"], approval["arguments"]) == ("delete_ticket", {"ticket_id": 1})
    assert (approval["arguments_hash"], approval["status"]) == (HASH, "pending")
    now = company.house.clock.now()
    assert (approval["created_at"], approval["expires_at"]) == (
        f"{now:%Y-%m-%dT%H:%M:%SZ}",
        f"{now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
    )
    assert [use["status"] for use in answer["tools_used"]] == ["awaiting_approval"]
    assert "approval" in answer["message"]["content"]
    assert not answer["degraded"]
    thread = await shown(company.admin, f"/chat/threads/{thread_id}")
    assert thread["status"] == "waiting_approval"
    assert await shown(company.admin, f"/approvals/{approval['id']}") == approval


async def test_the_stream_tells_of_it(company: Company, thread_id: str):
    company.house.runner.scripts.append(waiting())
    path = f"/api/v1/chat/threads/{thread_id}/messages"
    answer = await company.admin.post(path, json={"content": DELETE_IT}, headers={"Accept": STREAM})
    events = events_in(answer.text)
    assert [event.type for event in events[-2:]] == ["approval.required", "run.completed"]
    assert [events[-2].data["approval"]] == events[-1].data["approvals"]
    deltas = "".join(event.data["text"] for event in events if event.type == "text.delta")
    assert deltas == events[-1].data["message"]["content"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"approve": True}, "approved"), ({"approve": False, "note": "Not today."}, "denied")],
    ids=["approved", "denied"],
)
async def test_a_decision_begins_a_run_with_a_message_of_its_own(
    company: Company, thread_id: str, body: dict[str, Any], status: str
):
    approval = await asked_for(company, thread_id)
    company.house.runner.scripts.append(saying("So be it."))
    answer = await decide(company.admin, approval["id"], **body)
    assert answer.status_code == 200, answer.text
    decided = answer.json()
    assert (decided["status"], decided["decided_by_id"]) == (status, company.tokens["user"]["id"])
    assert decided["decided_at"]
    run_id = decided["resumed_run_id"]
    events = await company.admin.get(f"/api/v1/chat/threads/{thread_id}/runs/{run_id}/events")
    assert events_in(events.text)[-1].data["message"]["content"] == "So be it."
    messages = (await shown(company.admin, f"/chat/threads/{thread_id}/messages"))["data"]
    assert (messages[-1]["run_id"], messages[-1]["role"]) == (run_id, "assistant")
    assert (await shown(company.admin, f"/chat/threads/{thread_id}"))["status"] == "active"
    assert await shown(company.admin, f"/approvals/{approval['id']}") == decided
    audit = await shown(company.admin, f"/audit-events?action=approval.{status}")
    assert audit["data"][0]["target_id"] == approval["id"]


async def test_a_second_decision_is_a_conflict_and_a_repeated_one_is_none(
    company: Company, thread_id: str
):
    approval = await asked_for(company, thread_id)
    company.house.runner.scripts.append(saying("Done."))
    first = await decide(company.admin, approval["id"], approve=True, key="k")
    again = await decide(company.admin, approval["id"], approve=True, key="k")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json() == first.json()
    other = await decide(company.admin, approval["id"], approve=False, key="k")
    problem(other, 422, "idempotency-mismatch")
    problem(await decide(company.admin, approval["id"], approve=False), 409, "conflict")
    await over(company)
    assert len(company.house.runner.requests) == 2


# The clock of a file of SQLite is nobody's to move.
@pytest.mark.parametrize("house", [MEMORY], indirect=True)
async def test_what_nobody_decided_within_a_day_expires(company: Company, thread_id: str):
    approval = await asked_for(company, thread_id)
    program = await company.api_key()  # whose credentials last longer
    clock = company.house.clock
    assert isinstance(clock, SteadyClock)
    clock.advance(DAY)
    # Its time is over, though nobody has looked yet.
    problem(await decide(program, approval["id"], approve=True), 409, "conflict")
    assert await company.house.desk.people.watch_approvals() == 1
    problem(await decide(program, approval["id"], approve=True), 409, "conflict")
    expired = await shown(program, f"/approvals/{approval['id']}")
    assert (expired["status"], expired["resumed_run_id"]) == ("expired", None)
    assert (await shown(program, f"/chat/threads/{thread_id}"))["status"] == "active"


async def test_approvals_are_found_by_status_and_conversation(company: Company, thread_id: str):
    approval = await asked_for(company, thread_id)
    other = (await created(company.admin, "/chat/threads"))["id"]
    for query, found in (
        ("status=pending", 1),
        ("status=approved", 0),
        (f"thread_id={thread_id}", 1),
        (f"thread_id={other}", 0),
        (f"status=pending&thread_id={thread_id}", 1),
    ):
        page = await shown(company.admin, f"/approvals?{query}")
        assert [one["id"] for one in page["data"]] == [approval["id"]] * found, query
    for query, pointer in (("status=maybe", "/status"), ("thread_id=x", "/thread_id")):
        told = problem(await company.admin.get(f"/api/v1/approvals?{query}"), 422, "invalid")
        assert told["errors"][0]["pointer"] == pointer


async def test_a_user_sees_the_approvals_of_its_conversations_and_decides_on_none(
    company: Company, thread_id: str
):
    theirs = await asked_for(company, thread_id)
    user = await company.user()
    assert (await shown(user, "/approvals"))["data"] == []
    problem(await user.get(f"/api/v1/approvals/{theirs['id']}"), 404, "not-found")
    own = (await created(user, "/chat/threads"))["id"]
    company.house.runner.scripts.append(waiting())
    answer = await created(user, f"/chat/threads/{own}/messages", content=DELETE_IT)
    (approval,) = answer["approvals"]
    assert (await shown(user, "/approvals"))["data"] == [approval]
    problem(await decide(user, approval["id"], approve=True), 403, "forbidden")
    assert (await shown(user, f"/approvals/{approval['id']}"))["status"] == "pending"


@pytest.mark.parametrize(
    "body",
    [{}, {"approve": "yes"}, {"approve": True, "note": " "}, {"approve": True, "arguments": {}}],
    ids=["nothing", "a word", "a blank note", "other arguments"],
)
async def test_a_decision_has_rules(company: Company, thread_id: str, body: dict[str, Any]):
    approval = await asked_for(company, thread_id)
    problem(await decide(company.admin, approval["id"], **body), 422, "invalid")
    assert (await shown(company.admin, f"/approvals/{approval['id']}"))["status"] == "pending"
