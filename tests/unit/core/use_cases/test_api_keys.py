"""API keys: they act as whoever made them, with the lower of both roles."""

from datetime import datetime, timedelta, timezone

import pytest

from hexdesk.core.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
)
from hexdesk.core.model.identity import Role
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.api_keys import NewApiKey
from hexdesk.core.use_cases.members import MemberChange
from tests.unit.core.scenes import AWAY, HOME, Scene


async def key_of(
    scene: Scene, who: Member, role: Role = Role.USER, expires_at: datetime | None = None
) -> str:
    wish = NewApiKey(name="ci", role=role, expires_at=expires_at)
    return (await scene.desk.identity.add_api_key(who, wish)).key


async def test_a_key_is_shown_once_and_kept_as_its_hash(scene: Scene, admin: Member) -> None:
    made = await scene.desk.identity.add_api_key(admin, NewApiKey(name="ci"))
    assert made.key.startswith("hxd_")
    assert made.prefix == made.key[:12]
    assert (made.name, made.role, made.user_id) == ("ci", Role.USER, admin.user_id)
    page = await scene.desk.identity.list_api_keys(admin, ALL)
    assert [one.id for one in page.data] == [made.id]
    assert made.key not in str(page)
    (event,) = await scene.audited(admin, "api_key.added")
    assert (event.target_id, event.data) == (made.id, {"role": "user"})


@pytest.mark.parametrize("role", Role)
async def test_a_key_acts_as_its_maker_with_the_role_it_was_given(
    scene: Scene, admin: Member, role: Role
) -> None:
    key = await key_of(scene, admin, role)
    who = await scene.desk.identity.authenticate(key, AWAY)
    assert (who.user_id, who.organization_id) == (admin.user_id, admin.organization_id)
    assert (who.role, who.origin, who.session_id) == (role, AWAY, None)
    assert who.api_key_id


async def test_a_key_is_demoted_with_its_maker(scene: Scene, admin: Member) -> None:
    other = await scene.member(admin, role=Role.ADMIN)
    key = await key_of(scene, other, Role.ADMIN)
    change = MemberChange(role=Role.USER)
    await scene.desk.identity.change_member(admin, other.user_id, change)
    assert (await scene.desk.identity.authenticate(key, HOME)).role is Role.USER


async def test_a_key_dies_with_its_maker(scene: Scene, admin: Member) -> None:
    other = await scene.member(admin, role=Role.ADMIN)
    key = await key_of(scene, other)
    off = MemberChange(is_active=False)
    await scene.desk.identity.change_member(admin, other.user_id, off)
    with pytest.raises(UnauthenticatedError, match="the API key is not valid"):
        await scene.desk.identity.authenticate(key, HOME)


async def test_a_key_is_over_when_its_time_is(scene: Scene, admin: Member) -> None:
    key = await key_of(scene, admin, expires_at=scene.clock.now() + timedelta(hours=1))
    await scene.desk.identity.authenticate(key, HOME)
    scene.clock.advance(3600)
    with pytest.raises(UnauthenticatedError):
        await scene.desk.identity.authenticate(key, HOME)


async def test_a_key_cannot_be_over_before_it_begins(scene: Scene, admin: Member) -> None:
    wish = NewApiKey(name="ci", expires_at=scene.clock.now())
    with pytest.raises(InvalidError, match="must be in the future") as error:
        await scene.desk.identity.add_api_key(admin, wish)
    assert error.value.pointer == "/expires_at"


async def test_a_removed_key_is_worth_nothing_at_once(scene: Scene, admin: Member) -> None:
    made = await scene.desk.identity.add_api_key(admin, NewApiKey(name="ci"))
    await scene.desk.identity.remove_api_key(admin, made.id)
    with pytest.raises(UnauthenticatedError):
        await scene.desk.identity.authenticate(made.key, HOME)
    with pytest.raises(NotFoundError):
        await scene.desk.identity.remove_api_key(admin, made.id)
    (event,) = await scene.audited(admin, "api_key.removed")
    assert event.target_id == made.id


async def test_neither_users_nor_keys_manage_keys(
    scene: Scene, admin: Member, user: Member
) -> None:
    made = await scene.desk.identity.add_api_key(admin, NewApiKey(name="ci", role=Role.ADMIN))
    program = await scene.desk.identity.authenticate(made.key, HOME)
    for who in (user, program):
        for attempt in (
            scene.desk.identity.list_api_keys(who, ALL),
            scene.desk.identity.add_api_key(who, NewApiKey(name="more")),
            scene.desk.identity.remove_api_key(who, made.id),
        ):
            with pytest.raises(ForbiddenError, match="you may not manage API keys"):
                await attempt


async def test_keys_of_another_organization_do_not_exist(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    made = await scene.desk.identity.add_api_key(stranger, NewApiKey(name="ci"))
    assert (await scene.desk.identity.list_api_keys(admin, ALL)).total == 0
    with pytest.raises(NotFoundError):
        await scene.desk.identity.remove_api_key(admin, made.id)
    await scene.desk.identity.authenticate(made.key, HOME)


async def test_keys_can_be_sorted_by_their_fields_only(scene: Scene, admin: Member) -> None:
    with pytest.raises(InvalidError):
        await scene.desk.identity.list_api_keys(admin, Slice(sort="key"))


async def test_an_expiry_is_kept_in_utc(scene: Scene, admin: Member) -> None:
    east = timezone(timedelta(hours=5))
    expires_at = datetime(2099, 1, 1, tzinfo=east)
    made = await scene.desk.identity.add_api_key(admin, NewApiKey(name="ci", expires_at=expires_at))
    assert made.expires_at
    assert made.expires_at == expires_at
    assert made.expires_at.utcoffset() == timedelta(0)
