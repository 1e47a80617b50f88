"""Tasks over the API: asked for, looked at, stopped, tried again."""

from datetime import timedelta, timezone
from typing import Any, cast

import httpx2
import pytest

from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.testing import MemoryQueue, saying
from tests.e2e.http.house import Company, House, a_task, problem

TASKS = "/api/v1/tasks"
REQUEST = {"task_type": "api_request", "task_data": {"text": "Call back."}}
FIELDS = {
    *("id", "organization_id", "agent_id", "created_by_id", "task_type", "task_data", "status"),
    *("progress", "priority", "scheduled_at", "attempts", "max_attempts", "result", "error"),
    *("created_at", "started_at", "finished_at"),
}


def announced(house: House) -> list[TaskHint]:
    """Return what workers were told."""
    return cast("MemoryQueue", house.desk.ports.queue).announced


async def test_a_task_is_accepted_announced_and_done(house: House, company: Company):
    house.runner.scripts.append(saying("I called back."))
    task = await a_task(company.admin)
    assert task.keys() == FIELDS
    assert (task["status"], task["attempts"], task["max_attempts"]) == ("queued", 0, 3)
    assert task["created_by_id"] == company.tokens["user"]["id"]
    [hint] = announced(house)
    assert str(hint.task_id) == task["id"]
    await house.desk.task_desk.do(hint)
    done = (await company.admin.get(f"{TASKS}/{task['id']}")).json()
    assert done.keys() == FIELDS
    assert (done["status"], done["progress"], done["attempts"]) == ("succeeded", 1, 1)
    assert "I called back." in str(done["result"])
    assert done["finished_at"].endswith("Z")


async def test_a_repeated_call_makes_one_task_and_announces_it_once(
    house: House, admin: httpx2.AsyncClient
):
    key = {"Idempotency-Key": "once"}
    first = await admin.post(TASKS, json=REQUEST, headers=key)
    again = await admin.post(TASKS, json=REQUEST, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert [str(hint.task_id) for hint in announced(house)] == [first.json()["id"]]
    assert (await admin.get(TASKS)).json()["total"] == 1


async def test_a_scheduled_task_waits(house: House, admin: httpx2.AsyncClient):
    soon = house.clock.now() + timedelta(hours=1)
    in_china = soon.astimezone(timezone(timedelta(hours=8))).isoformat()
    task = await a_task(admin, scheduled_at=in_china, priority=9, max_attempts=1)
    assert (task["scheduled_at"], task["priority"]) == (f"{soon:%Y-%m-%dT%H:%M:%SZ}", 9)
    assert announced(house) == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"task_type": "nothing"}, "/task_type"),
        ({"task_type": " "}, "/task_type"),
        ({"task_data": {}}, "/task_data/text"),
        ({"task_data": {"text": "x", "user_id": "y"}}, "/task_data/user_id"),
        ({"task_data": {"text": "\x00"}}, "/task_data/text"),
        ({"task_data": None}, "/task_data"),
        ({"task_type": "email", "task_data": {"from": "a@b.c", "text": "x"}}, "/task_data/subject"),
        ({"priority": 10}, "/priority"),
        ({"priority": -1}, "/priority"),
        ({"max_attempts": 0}, "/max_attempts"),
        ({"max_attempts": 21}, "/max_attempts"),
        ({"scheduled_at": "2026-01-01T21:00:00"}, "/scheduled_at"),
        ({"scheduled_at": "9999-12-31T23:59:59-01:00"}, "/scheduled_at"),
        ({"agent_id": "00000000-0000-0000-0000-000000000000"}, "/agent_id"),
        ({"created_by_id": "00000000-0000-0000-0000-000000000000"}, "/created_by_id"),
    ],
)
async def test_a_wish_that_breaks_a_rule_is_422(
    house: House, admin: httpx2.AsyncClient, change: dict[str, Any], pointer: str
):
    answer = await admin.post(TASKS, json=REQUEST | change)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == pointer
    assert announced(house) == []


async def test_an_unknown_type_is_told_the_known_ones(admin: httpx2.AsyncClient):
    answer = await admin.post(TASKS, json=REQUEST | {"task_type": "nothing"})
    for name in ("api_request", "email", "slack_message", "health_check"):
        assert name in answer.text


async def test_only_an_admin_has_agents_checked(company: Company):
    user = await company.user()
    wish = {"task_type": "health_check", "task_data": {"what": "this is not read"}}
    problem(await user.post(TASKS, json=wish), 403, "forbidden")


async def test_a_task_is_cancelled_and_retried_and_told_when_it_cannot_be(
    house: House, admin: httpx2.AsyncClient
):
    task = await a_task(admin)
    path = f"{TASKS}/{task['id']}"
    problem(await admin.post(f"{path}/retry"), 409, "conflict")
    cancelled = await admin.post(f"{path}/cancel")
    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    problem(await admin.post(f"{path}/cancel"), 409, "conflict")
    retried = await admin.post(f"{path}/retry")
    assert retried.status_code == 200
    assert retried.json()["status"] == "queued"
    assert [str(hint.task_id) for hint in announced(house)] == [task["id"]] * 2


async def test_tasks_are_filtered_and_sorted(company: Company):
    admin = company.admin
    agent = (await admin.get("/api/v1/agents")).json()["data"][0]
    first = await a_task(admin, agent_id=agent["id"], priority=1)
    second = await a_task(admin, task_type="slack_message", priority=2)
    await admin.post(f"{TASKS}/{second['id']}/cancel")
    for query, expected in (
        ("sort=-priority", [second, first]),
        ("status=queued", [first]),
        ("status=cancelled", [second]),
        ("task_type=slack_message", [second]),
        (f"agent_id={agent['id']}", [first]),
        ("status=running", []),
    ):
        told = (await admin.get(f"{TASKS}?{query}")).json()
        assert [one["id"] for one in told["data"]] == [one["id"] for one in expected], query
    for query in ("status=gone", "sort=task_data", "sort=lease_token", "created_by_id=x"):
        assert (await admin.get(f"{TASKS}?{query}")).status_code == 422
