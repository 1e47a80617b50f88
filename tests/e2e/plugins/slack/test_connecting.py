"""A workspace is connected by signing in at Slack."""

import re
from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from hexdesk.core.testing import SteadyClock
from hexdesk.core.testing.scripted import saying
from tests.e2e.http.house import created, problem
from tests.e2e.plugins.slack.desk_at_slack import DeskAtSlack, desk_at_slack
from tests.slack.sent import mention
from tests.slack.server import CODE
from tests.slack.workspace import TEAM

INSTALL, INSTALLED = "/api/v1/channels/slack/install", "/api/v1/channels/slack/installed"
BACK = f"http://desk.test{INSTALLED}"


@pytest.fixture
async def there() -> AsyncGenerator[DeskAtSlack]:
    async with desk_at_slack(is_connected=False) as there:
        yield there


async def state_of(admin: httpx2.AsyncClient) -> str:
    answer = await admin.get(INSTALL)
    assert answer.status_code == 200, answer.text
    query = parse_qs(urlsplit(str(answer.json()["url"])).query)
    assert query["redirect_uri"] == [BACK]
    return query["state"][0]


async def allowed(there: DeskAtSlack, state: str, code: str = CODE) -> httpx2.Response:
    """Do what a browser does after somebody has allowed the app at Slack."""
    async with there.house.client() as browser:
        page = await browser.get(INSTALLED, params={"state": state, "code": code})
        if page.status_code != 200:
            return page
        assert "Connect slack to acme?" in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        fields: list[tuple[str, str]] = re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
        return await browser.post(INSTALLED, data=dict(fields))


async def test_an_admin_connects_the_workspace_and_people_are_answered(there: DeskAtSlack) -> None:
    done = await allowed(there, await state_of(there.company.admin))
    assert done.status_code == 200
    assert "Slack: Acme is connected" in done.text
    [integration] = (await there.company.admin.get("/api/v1/integrations")).json()["data"]
    assert integration["config"]["team_id"] == TEAM
    assert "xoxb" not in str(integration)
    there.house.runner.scripts.append(saying("It has shipped."))
    assert (await there.sends(mention())).status_code == 200
    await there.work_until(lambda: bool(there.server.workspace.answers()))


async def test_the_same_workspace_again_gets_a_new_token_and_is_switched_on(
    there: DeskAtSlack,
) -> None:
    admin = there.company.admin
    await allowed(there, await state_of(admin))
    [before] = (await admin.get("/api/v1/integrations")).json()["data"]
    own = {"suggested_prompts": ["Where is it?"]}
    change = {"is_active": False, "config": before["config"] | own}
    changed = await admin.patch(f"/api/v1/integrations/{before['id']}", json=change)
    assert changed.status_code == 200, changed.text
    there.server.installed = there.server.installed | {"access_token": "xoxb-2-token"}
    there.server.tokens.add("xoxb-2-token")
    assert (await allowed(there, await state_of(admin))).status_code == 200
    [after] = (await admin.get("/api/v1/integrations")).json()["data"]
    assert (after["id"], after["is_active"]) == (before["id"], True)
    assert after["config"]["suggested_prompts"] == ["Where is it?"]
    checked = await admin.post(f"/api/v1/integrations/{after['id']}/test")
    assert checked.json()["ok"]


async def test_a_workspace_of_another_company_is_not_taken_from_it(there: DeskAtSlack) -> None:
    await allowed(there, await state_of(there.company.admin))
    other = await there.house.company("acme2")
    async with there.house.client() as browser:
        form = {"state": await state_of(other.admin), "code": CODE}
        problem(await browser.post(INSTALLED, data=form), 409, "conflict")
    await other.close()


async def test_a_workspace_is_not_claimed_by_whoever_knows_its_id(there: DeskAtSlack) -> None:
    other = await there.house.company("acme2")
    named = {"team_id": TEAM, "bot_token": "made-up"}
    wish = {"type": "slack", "name": "Theirs", "config": named}
    told = problem(await other.admin.post("/api/v1/integrations", json=wish), 422, "invalid")
    assert told["errors"][0]["pointer"] == "/config/signing_secret"
    own = wish | {"config": {"team_id": "TMINE", "bot_token": "x", "signing_secret": "mine"}}
    made = (await other.admin.post("/api/v1/integrations", json=own)).json()
    path = f"/api/v1/integrations/{made['id']}"
    problem(await other.admin.patch(path, json={"config": named}), 422, "invalid")
    assert (await allowed(there, await state_of(there.company.admin))).status_code == 200
    await other.close()


async def test_a_workspace_that_was_signed_in_does_not_become_an_app_of_ones_own(
    there: DeskAtSlack,
) -> None:
    admin = there.company.admin
    await allowed(there, await state_of(admin))
    [made] = (await admin.get("/api/v1/integrations")).json()["data"]
    change = {"config": made["config"] | {"signing_secret": "of an app of their own"}}
    path = f"/api/v1/integrations/{made['id']}"
    told = problem(await admin.patch(path, json=change), 422, "invalid")
    assert told["errors"][0]["pointer"] == "/config/signing_secret"
    there.house.runner.scripts.append(saying("It has shipped."))
    assert (await there.sends(mention())).status_code == 200
    await there.work_until(lambda: bool(there.server.workspace.answers()))


async def test_an_app_of_ones_own_stays_beside_one_that_is_signed_in(there: DeskAtSlack) -> None:
    admin = there.company.admin
    own = {"team_id": TEAM, "bot_token": "made-up", "signing_secret": "of their own app"}
    wish = {"type": "slack", "name": "Our own", "config": own}
    made = await created(admin, "/integrations", **wish)
    for _ in range(2):
        assert (await allowed(there, await state_of(admin))).status_code == 200
    both = (await admin.get("/api/v1/integrations")).json()["data"]
    assert len(both) == 2
    kept = next(one for one in both if one["id"] == made["id"])
    assert (kept["name"], kept["is_active"]) == ("Our own", True)


async def test_an_app_of_ones_own_takes_the_workspace_from_nobody(there: DeskAtSlack) -> None:
    own = {"team_id": TEAM, "bot_token": "made-up", "signing_secret": "of their own app"}
    wish = {"type": "slack", "name": "Theirs", "config": own}
    other = await there.house.company("acme2")
    theirs = await created(other.admin, "/integrations", **wish)
    assert (await allowed(there, await state_of(there.company.admin))).status_code == 200
    # Nor is anything that comes from there brought to them.
    assert (await there.sends(mention())).status_code == 200
    there.house.runner.scripts.append(saying("It has shipped."))
    await there.work_until(lambda: bool(there.server.workspace.answers()))
    assert (await other.admin.get("/api/v1/chat/threads")).json()["total"] == 0
    [mine] = (await there.company.admin.get("/api/v1/integrations")).json()["data"]
    assert mine["id"] != theirs["id"]
    await other.close()


async def test_only_admins_begin(there: DeskAtSlack) -> None:
    problem(await (await there.company.user()).get(INSTALL), 403, "forbidden")
    nowhere = INSTALL.replace("slack", "pigeon")
    problem(await there.company.admin.get(nowhere), 404, "not-found")


@pytest.mark.parametrize("state", ["", "x", "é", "!!!!", "c2VhbGVk"])
async def test_a_state_that_is_not_from_here_connects_nothing(
    there: DeskAtSlack, state: str
) -> None:
    problem(await allowed(there, state), 422, "invalid")
    async with there.house.client() as browser:
        answer = await browser.post(INSTALLED, data={"state": state, "code": CODE})
    problem(answer, 422, "invalid")


async def test_a_channel_that_is_not_connected_like_this_leads_nowhere(there: DeskAtSlack) -> None:
    state = await state_of(there.company.admin)
    async with there.house.client() as browser:
        path = INSTALLED.replace("slack", "pigeon")
        problem(await browser.get(path, params={"state": state, "code": CODE}), 404, "not-found")
        problem(await browser.post(path, content=b"\xff"), 404, "not-found")


async def test_an_installation_that_was_begun_too_long_ago_is_begun_again(
    there: DeskAtSlack,
) -> None:
    state = await state_of(there.company.admin)
    assert isinstance(there.house.clock, SteadyClock)
    there.house.clock.advance(10 * 60)
    problem(await allowed(there, state), 422, "invalid")


async def test_who_is_no_admin_any_more_connects_nothing(there: DeskAtSlack) -> None:
    admin = there.company.admin
    made = {"email": "boss@acme.example.com", "password": "correct horse battery"}
    second = (await admin.post("/api/v1/users", json={**made, "role": "admin"})).json()
    async with there.house.client() as nobody:
        token = (await nobody.post("/api/v1/auth/login", json=made)).json()["access_token"]
    async with there.house.client(token) as boss:
        state = await state_of(boss)
    user = f"/api/v1/users/{second['id']}"
    await admin.patch(user, json={"role": "user"})
    problem(await allowed(there, state), 403, "forbidden")
    await admin.patch(user, json={"role": "admin", "is_active": False})
    problem(await allowed(there, state), 403, "forbidden")
    await admin.delete(user)
    problem(await allowed(there, state), 403, "forbidden")


async def test_who_does_not_allow_it_is_told_that_nothing_was_connected(
    there: DeskAtSlack,
) -> None:
    state = await state_of(there.company.admin)
    async with there.house.client() as browser:
        for query in ({"error": "access_denied"}, {}):
            answer = await browser.get(INSTALLED, params={"state": state, **query})
            assert "nothing was connected" in problem(answer, 422, "invalid")["detail"]


async def test_a_code_that_slack_does_not_take_connects_nothing(there: DeskAtSlack) -> None:
    told = problem(
        await allowed(there, await state_of(there.company.admin), "stale"), 422, "invalid"
    )
    assert "invalid_code" in told["detail"]


@pytest.mark.parametrize("body", [b"", b"code=1", b"state=1", b"\xff", b"&".join([b"a=1"] * 99)])
async def test_a_form_without_both_is_refused(there: DeskAtSlack, body: bytes) -> None:
    async with there.house.client() as browser:
        problem(await browser.post(INSTALLED, content=body), 422, "invalid")
