"""Agents and tools."""

import httpx2
import pytest

from tests.e2e.http.house import Company, created, problem


async def test_an_agent_shows_every_setting_resolved(admin: httpx2.AsyncClient):
    agent = await created(admin, "/agents", temperature=1, configuration={"tone": "calm"})
    assert (agent["temperature"], agent["tone"]) == (1, "calm")
    assert agent["max_iterations"] == 8
    assert agent["configuration"] == {"tone": "calm"}
    assert agent["require_approval"] == ["delete_ticket"]
    answer = await admin.get(f"/api/v1/agents/{agent['id']}/configuration")
    sources = answer.json()["sources"]
    assert (sources["temperature"], sources["tone"], sources["name"]) == (
        "agent",
        "configuration",
        "default",
    )


async def test_null_inherits_again(admin: httpx2.AsyncClient):
    agent = await created(admin, "/agents", tone="calm")
    answer = await admin.patch(f"/api/v1/agents/{agent['id']}", json={"tone": None})
    assert answer.json()["tone"] == "helpful"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"temperature": 2.5}, "/temperature"),
        ({"max_iterations": 0}, "/max_iterations"),
        ({"timeout_seconds": 3601}, "/timeout_seconds"),
        ({"name": "  "}, "/name"),
        ({"tools_enabled": ["no_such_tool"]}, "/tools_enabled"),
        ({"configuration": {"colour": 1}}, "/configuration/colour"),
        ({"configuration": {"tools_enabled": ["nothing"]}}, "/configuration/tools_enabled"),
    ],
)
async def test_agents_have_rules(admin: httpx2.AsyncClient, body: dict[str, object], pointer: str):
    answer = await admin.post("/api/v1/agents", json=body)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == pointer


async def test_an_agent_with_threads_is_switched_off_and_the_last_one_stays(
    admin: httpx2.AsyncClient,
):
    (first,) = (await admin.get("/api/v1/agents")).json()["data"]
    problem(await admin.delete(f"/api/v1/agents/{first['id']}"), 409, "conflict")
    second = await created(admin, "/agents")
    await created(admin, "/chat/threads", agent_id=second["id"])
    assert (await admin.delete(f"/api/v1/agents/{second['id']}")).status_code == 204
    shown = (await admin.get(f"/api/v1/agents/{second['id']}")).json()
    assert shown["is_active"] is False
    third = await created(admin, "/agents")
    assert (await admin.delete(f"/api/v1/agents/{third['id']}")).status_code == 204
    problem(await admin.get(f"/api/v1/agents/{third['id']}"), 404, "not-found")
    history = (await admin.get(f"/api/v1/agents/{third['id']}/history")).json()["data"]
    assert [one["action"] for one in history] == ["deleted", "created"]


async def test_tools_tell_what_agents_can_be_given(company: Company):
    told = (await company.admin.get("/api/v1/tools")).json()
    assert told["total"] == 13
    by_name = {one["name"]: one for one in told["data"]}
    assert by_name["delete_ticket"]["destructive"]
    assert by_name["get_ticket"]["read_only"]
    assert by_name["create_ticket"]["source"] == "builtin"
    assert by_name["create_ticket"]["input_schema"]["required"] == ["title"]
