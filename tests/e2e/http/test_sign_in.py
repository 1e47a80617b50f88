"""Signing up, in and out."""

from typing import Any

import httpx2
import pytest

from tests.e2e.http.house import PASSWORD, Company, House, created, problem

REGISTRATION = {
    "organization_name": "Analytical Engines",
    "email": "Ada@Example.com",
    "password": PASSWORD,
}


async def sign_in(
    client: httpx2.AsyncClient, email: str, password: str = PASSWORD
) -> httpx2.Response:
    """Sign in."""
    body = {"email": email, "password": password}
    return await client.post("/api/v1/auth/login", json=body)


async def test_registration_gives_tokens_and_a_default_agent(house: House):
    async with house.client() as nobody:
        answer = await nobody.post("/api/v1/auth/register", json=REGISTRATION)
    assert answer.status_code == 201
    tokens = answer.json()
    assert tokens.keys() == {
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
        "user",
        "organization",
    }
    assert tokens["token_type"] == "Bearer"
    assert tokens["user"]["role"] == "admin"
    assert tokens["organization"]["slug"].startswith("analytical-engines-")
    async with house.client(tokens["access_token"]) as admin:
        agents = (await admin.get("/api/v1/agents")).json()
    assert agents["total"] == 1
    assert agents["data"][0]["mcp_enabled"]


async def test_a_taken_address_is_409_in_any_case(house: House):
    async with house.client() as nobody:
        await nobody.post("/api/v1/auth/register", json=REGISTRATION)
        again = REGISTRATION | {"email": "ADA@example.COM"}
        problem(await nobody.post("/api/v1/auth/register", json=again), 409, "conflict")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "two@at@example.com"}, "/email"),
        ({"email": f"{'a' * 250}@b.cd"}, "/email"),
        ({"email": "a@b.c\n"}, "/email"),
        ({"password": "seven77"}, "/password"),
        ({"password": "x" * 1025}, "/password"),
        ({"organization_name": "  "}, "/organization_name"),
        ({"role": "admin"}, "/role"),
    ],
)
async def test_registration_has_rules(house: House, change: dict[str, str], pointer: str):
    async with house.client() as nobody:
        answer = await nobody.post("/api/v1/auth/register", json=REGISTRATION | change)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == pointer


async def test_signing_in_gives_tokens_that_work(company: Company):
    async with company.house.client() as nobody:
        answer = await sign_in(nobody, "ADA@example.com")
    assert answer.status_code == 200
    async with company.house.client(answer.json()["access_token"]) as ada:
        me = (await ada.get("/api/v1/auth/me")).json()
    assert me == {"user": answer.json()["user"], "organization": answer.json()["organization"]}


async def test_nobody_learns_which_addresses_there_are(company: Company):
    told: list[dict[str, Any]] = []
    async with company.house.client() as nobody:
        for email in ("ada@example.com", "nobody@example.com"):
            answer = await sign_in(nobody, email, "wrong password")
            told.append(problem(answer, 401, "unauthenticated"))
            assert answer.headers["www-authenticate"] == 'Bearer realm="hexdesk"'
    assert told[0] | {"request_id": ""} == told[1] | {"request_id": ""}


async def test_a_refresh_token_is_spent_once_and_a_second_use_ends_the_session(company: Company):
    body = {"refresh_token": company.tokens["refresh_token"]}
    async with company.house.client() as nobody:
        next_tokens = (await nobody.post("/api/v1/auth/refresh", json=body)).json()
        problem(await nobody.post("/api/v1/auth/refresh", json=body), 401, "unauthenticated")
        body = {"refresh_token": next_tokens["refresh_token"]}
        problem(await nobody.post("/api/v1/auth/refresh", json=body), 401, "unauthenticated")
    problem(await company.admin.get("/api/v1/auth/me"), 401, "unauthenticated")


async def test_signing_out_stops_access_tokens_too(company: Company):
    body = {"refresh_token": company.tokens["refresh_token"]}
    async with company.house.client() as nobody:
        answer = await nobody.post("/api/v1/auth/logout", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    problem(await company.admin.get("/api/v1/auth/me"), 401, "unauthenticated")


async def test_a_new_password_ends_the_other_sessions(company: Company):
    async with company.house.client() as nobody:
        elsewhere = (await sign_in(nobody, "ada@example.com")).json()["access_token"]
    body = {"current_password": PASSWORD, "new_password": "another one"}
    answer = await company.admin.post("/api/v1/auth/password", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await company.admin.get("/api/v1/auth/me")).status_code == 200
    async with company.house.client(elsewhere) as other:
        problem(await other.get("/api/v1/auth/me"), 401, "unauthenticated")
    async with company.house.client() as nobody:
        assert (await sign_in(nobody, "ada@example.com", "another one")).status_code == 200


async def test_a_wrong_present_password_is_422(company: Company):
    body = {"current_password": "wrong one", "new_password": "another one"}
    answer = await company.admin.post("/api/v1/auth/password", json=body)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/current_password"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer hxd_nonsense"]
)
async def test_only_a_bearer_token_that_is_known_gets_in(house: House, header: str):
    async with house.client() as nobody:
        answer = await nobody.get("/api/v1/auth/me", headers={"Authorization": header})
    problem(answer, 401, "unauthenticated")


async def test_a_cookie_is_no_credential(company: Company):
    async with company.house.client() as nobody:
        nobody.cookies.set("access_token", company.tokens["access_token"])
        answer = await nobody.get("/api/v1/auth/me")
    problem(answer, 401, "unauthenticated")


async def test_deactivation_and_demotion_act_at_once(company: Company):
    user = await company.user()
    me = (await user.get("/api/v1/auth/me")).json()["user"]
    path = f"/api/v1/users/{me['id']}"
    assert (await company.admin.patch(path, json={"role": "admin"})).json()["role"] == "admin"
    assert (await user.get("/api/v1/users")).status_code == 200
    await company.admin.patch(path, json={"role": "user"})
    problem(await user.get("/api/v1/users"), 403, "forbidden")
    await company.admin.patch(path, json={"is_active": False})
    problem(await user.get("/api/v1/auth/me"), 401, "unauthenticated")


async def test_the_last_admin_stays(company: Company):
    path = f"/api/v1/users/{company.tokens['user']['id']}"
    problem(await company.admin.delete(path), 409, "conflict")
    for change in ({"role": "user"}, {"is_active": False}):
        problem(await company.admin.patch(path, json=change), 409, "conflict")


async def test_a_key_is_told_once_and_dies_with_its_maker(company: Company):
    second = await created(
        company.admin, "/users", email="b@example.com", password=PASSWORD, role="admin"
    )
    async with company.house.client() as nobody:
        tokens = (await sign_in(nobody, "b@example.com")).json()
    async with company.house.client(tokens["access_token"]) as other:
        key = await created(other, "/api-keys", name="export")
    assert key["key"].startswith("hxd_")
    assert key["key"].startswith(key["prefix"])
    assert key["role"] == "user"
    listed = (await company.admin.get("/api/v1/api-keys")).json()["data"]
    assert [one["id"] for one in listed] == [key["id"]]
    assert "key" not in listed[0]
    async with company.house.client(key["key"]) as program:
        assert (await program.get("/api/v1/tickets")).status_code == 200
        assert (await company.admin.delete(f"/api/v1/users/{second['id']}")).status_code == 204
        problem(await program.get("/api/v1/tickets"), 401, "unauthenticated")


async def test_a_key_cannot_expire_in_the_past_and_can_be_removed(company: Company):
    body = {"name": "x", "expires_at": "2020-01-01T00:00:00Z"}
    answer = await company.admin.post("/api/v1/api-keys", json=body)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/expires_at"
    program = await company.api_key()
    (key,) = (await company.admin.get("/api/v1/api-keys")).json()["data"]
    assert (await company.admin.delete(f"/api/v1/api-keys/{key['id']}")).status_code == 204
    problem(await program.get("/api/v1/tickets"), 401, "unauthenticated")


async def test_the_organization_can_be_renamed_and_its_defaults_set(company: Company):
    change = {"name": "Difference Engines", "settings": {"agent_defaults": {"tone": "calm"}}}
    answer = await company.admin.patch("/api/v1/organization", json=change)
    assert answer.json()["name"] == "Difference Engines"
    (agent,) = (await company.admin.get("/api/v1/agents")).json()["data"]
    assert agent["tone"] == "calm"
    change = {"settings": {"default_agent_id": "0198a3f0-0000-7000-8000-000000000000"}}
    answer = await company.admin.patch("/api/v1/organization", json=change)
    pointers = [one["pointer"] for one in problem(answer, 422, "invalid")["errors"]]
    assert pointers == ["/settings/default_agent_id"]
