"""A channel is connected by signing in elsewhere: for the admin who began, and nobody else."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from hexdesk.core.additions import Additions
from hexdesk.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from hexdesk.core.model.identity import Role
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import Member
from hexdesk.core.ports.egress import Egress
from hexdesk.core.testing import ScriptedChannel
from hexdesk.core.testing.scripted_channel import SECRET
from hexdesk.core.use_cases.integrations import IntegrationChange, NewIntegration
from hexdesk.core.use_cases.members import MemberChange
from tests.unit.core.pigeon_offices import SignedIn, SignedInAddressee
from tests.unit.core.pigeons import connected
from tests.unit.core.scenes import Scene

BACK = "https://desk.example/back"


class Reticent(SignedInAddressee):
    """The same, of which the office says no more than the loft."""

    async def finish_install(
        self, settings: Any, http: Egress, *, code: str, redirect_url: str
    ) -> tuple[str, dict[str, Any]]:
        return "Loft", {"loft": code}


class Trusting(SignedInAddressee):
    """The same, whose pigeons are known by the installation's word."""

    async def finish_install(
        self, settings: Any, http: Egress, *, code: str, redirect_url: str
    ) -> tuple[str, dict[str, Any]]:
        return "Loft", {"loft": code, "secret": ""}


def a_scene(channel: ScriptedChannel | None = None) -> Scene:
    return Scene.of(additions=Additions(channels=(channel or SignedInAddressee(),)))


async def state_of(scene: Scene, who: Member, channel: str = "pigeon") -> str:
    begun = await scene.desk.channels.begin_installation(who, channel, BACK)
    return parse_qs(urlsplit(begun.url).query)["state"][0]


async def finish(scene: Scene, state: str, code: str = "tower") -> Integration:
    finish_installation = scene.desk.channels.finish_installation
    return await finish_installation("pigeon", code=code, state=state, redirect_url=BACK)


async def test_an_admin_connects_what_was_allowed_elsewhere() -> None:
    scene = a_scene()
    admin = await scene.founder()
    state = await state_of(scene, admin)
    who, organization = await scene.desk.channels.read_installation("pigeon", state)
    assert (who.user_id, organization.id) == (admin.user_id, admin.organization_id)
    made = await finish(scene, state)
    assert (made.type, made.name, made.config["loft"]) == ("pigeon", "Loft tower", "tower")
    assert made.config["secret"] != "word of tower"


async def test_the_same_account_again_is_the_same_integration() -> None:
    scene = a_scene()
    admin = await scene.founder()
    before = await connected(scene, admin)
    await connected(scene, admin, "mill")
    webhook = NewIntegration(type="webhook", name="w", config={"url": "https://x.example/"})
    await scene.desk.integrations.add(admin, webhook)
    off = IntegrationChange(is_active=False)
    await scene.desk.integrations.change(admin, before.id, off)
    after = await finish(scene, await state_of(scene, admin))
    assert (after.id, after.is_active, after.name) == (before.id, True, before.name)


async def test_what_is_configured_besides_stays_as_it_is() -> None:
    scene = a_scene(Reticent())
    admin = await scene.founder()
    before = await connected(scene, admin)
    await finish(scene, await state_of(scene, admin))
    async with scene.storage.transaction(admin) as tx:
        stored = await tx.integrations.get(before.id)
    types = scene.desk.channels.receive.channels.integration_types
    assert types.opened("pigeon", stored.config) == {"loft": "tower", "secret": SECRET}


async def test_without_accounts_each_time_connects_anew() -> None:
    scene = a_scene(SignedIn())
    admin = await scene.founder()
    made = [await finish(scene, await state_of(scene, admin)) for _ in range(2)]
    assert made[0].id != made[1].id


async def test_an_account_of_another_organization_stays_theirs() -> None:
    scene = a_scene()
    await finish(scene, await state_of(scene, await scene.founder()))
    eve = await scene.founder("eve@example.org", "Other")
    with pytest.raises(ConflictError):
        await finish(scene, await state_of(scene, eve))


async def test_an_account_without_a_secret_of_its_own_is_not_claimed_by_naming_it() -> None:
    scene = a_scene(Trusting())
    eve = await scene.founder("eve@example.org", "Other")
    wish = NewIntegration(type="pigeon", name="Mine", config={"loft": "tower", "secret": ""})
    with pytest.raises(InvalidError, match="signing in") as raised:
        await scene.desk.integrations.add(eve, wish)
    assert raised.value.pointer == "/config/secret"
    made = await finish(scene, await state_of(scene, await scene.founder()))
    assert made.config["loft"] == "tower"


@pytest.mark.parametrize("began_at", ["its own secret", "another account"])
async def test_an_account_is_not_claimed_by_a_change_either(began_at: str) -> None:
    scene = a_scene(Trusting())
    eve = await scene.founder("eve@example.org", "Other")
    if began_at == "another account":
        mine = await finish(scene, await state_of(scene, eve), "mill")
    else:
        mine = await connected(scene, eve)
    change = IntegrationChange(config={"loft": "tower", "secret": ""})
    with pytest.raises(InvalidError, match="signing in") as raised:
        await scene.desk.integrations.change(eve, mine.id, change)
    assert raised.value.pointer == "/config/secret"


async def test_what_was_connected_by_signing_in_may_be_configured_further() -> None:
    scene = a_scene(Trusting())
    admin = await scene.founder()
    made = await finish(scene, await state_of(scene, admin))
    change = scene.desk.integrations.change
    own = IntegrationChange(config={"loft": "tower", "secret": "own"}, name="Ours")
    same = IntegrationChange(config={"loft": "tower", "secret": ""}, name="Tower")
    assert (await change(admin, made.id, same)).name == "Tower"
    assert (await change(admin, made.id, own)).name == "Ours"
    again = await finish(scene, await state_of(scene, admin))
    assert again.id == made.id


@pytest.mark.parametrize("stored", [{"loft": "tower", "secret": "sealed:x"}, {"nest": "old"}])
async def test_what_cannot_be_read_any_more_proves_nothing(stored: dict[str, str]) -> None:
    scene = a_scene(Trusting())
    admin = await scene.founder()
    made = await finish(scene, await state_of(scene, admin))
    async with scene.storage.transaction(admin) as tx:
        await tx.integrations.update(replace(await tx.integrations.get(made.id), config=stored))
    change = IntegrationChange(config={"loft": "tower", "secret": ""})
    with pytest.raises(InvalidError, match="signing in"):
        await scene.desk.integrations.change(admin, made.id, change)


async def test_only_admins_begin() -> None:
    scene = a_scene()
    user = await scene.member(await scene.founder())
    with pytest.raises(ForbiddenError):
        await state_of(scene, user)


async def test_a_channel_that_is_not_connected_like_this_is_not_found() -> None:
    scene = a_scene(ScriptedChannel())
    admin = await scene.founder()
    for channel in ("pigeon", "raven"):
        with pytest.raises(NotFoundError):
            await state_of(scene, admin, channel)


@pytest.mark.parametrize("state", ["", "x", "\N{SNOWMAN}", "!!!!", "c2VhbGVk"])
async def test_what_did_not_begin_here_ends_nowhere(state: str) -> None:
    with pytest.raises(InvalidError, match="begin it again"):
        await finish(a_scene(), state)


async def test_what_began_for_one_channel_is_not_for_another() -> None:
    raven = SignedIn()
    raven.name = "raven"
    scene = Scene.of(additions=Additions(channels=(SignedIn(), raven)))
    state = await state_of(scene, await scene.founder())
    with pytest.raises(InvalidError, match="begin it again"):
        await scene.desk.channels.read_installation("raven", state)
    with pytest.raises(NotFoundError):
        await scene.desk.channels.read_installation("crow", state)


async def test_what_began_too_long_ago_begins_again() -> None:
    scene = a_scene()
    state = await state_of(scene, await scene.founder())
    scene.clock.advance(10 * 60)
    with pytest.raises(InvalidError, match="begin it again"):
        await finish(scene, state)


@pytest.mark.parametrize(
    "change", [MemberChange(role=Role.USER), MemberChange(is_active=False), None]
)
async def test_who_is_no_admin_any_more_finishes_nothing(change: MemberChange | None) -> None:
    scene = a_scene()
    admin = await scene.founder()
    second = await scene.member(admin, role=Role.ADMIN)
    state = await state_of(scene, second)
    if change is None:
        await scene.desk.identity.remove_member(admin, second.user_id)
    else:
        await scene.desk.identity.change_member(admin, second.user_id, change)
    with pytest.raises(ForbiddenError):
        await finish(scene, state)
