"""Members: who belongs to the organization, and who must stay."""

import asyncio

import pytest

from hexdesk.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
)
from hexdesk.core.model.identity import Role
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.examples import ALL, new_id
from hexdesk.core.use_cases.api_keys import NewApiKey
from hexdesk.core.use_cases.members import MemberChange, NewMember
from tests.unit.core.scenes import HOME, PASSWORD, Scene

BOB = NewMember(email="bob@example.com", password=PASSWORD, full_name="Bob")
DEMOTED = MemberChange(role=Role.USER)


async def test_a_new_member_is_a_user_unless_the_role_is_named(scene: Scene, admin: Member) -> None:
    bob = await scene.desk.identity.add_member(admin, BOB)
    assert (bob.role, bob.full_name, bob.is_active) == (Role.USER, "Bob", True)
    assert bob.organization_id == admin.organization_id
    assert await scene.desk.identity.get_member(admin, bob.id) == bob
    (event,) = await scene.audited(admin, "member.added")
    assert (event.target_id, event.data) == (bob.id, {"role": "user"})


async def test_members_are_listed_within_their_organization(
    scene: Scene, admin: Member, user: Member, stranger: Member
) -> None:
    page = await scene.desk.identity.list_members(admin, ALL)
    assert {one.id for one in page.data} == {admin.user_id, user.user_id}
    with pytest.raises(InvalidError):
        await scene.desk.identity.list_members(admin, Slice(sort="password"))


async def test_an_address_is_taken_in_the_whole_installation(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    wish = NewMember(email="EVE@example.org", password=PASSWORD)
    with pytest.raises(ConflictError, match="is taken"):
        await scene.desk.identity.add_member(admin, wish)
    with pytest.raises(ConflictError, match="is taken"):
        change = MemberChange(email="eve@example.org")
        await scene.desk.identity.change_member(admin, admin.user_id, change)


async def test_members_of_another_organization_do_not_exist(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    identity = scene.desk.identity
    for attempt in (
        identity.get_member(admin, stranger.user_id),
        identity.change_member(admin, stranger.user_id, DEMOTED),
        identity.remove_member(admin, stranger.user_id),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_only_admins_in_person_manage_members(
    scene: Scene, admin: Member, user: Member
) -> None:
    identity = scene.desk.identity
    key = await identity.add_api_key(admin, NewApiKey(name="ci", role=Role.ADMIN))
    for who in (user, await identity.authenticate(key.key, HOME)):
        for attempt in (
            identity.list_members(who, ALL),
            identity.get_member(who, admin.user_id),
            identity.add_member(who, BOB),
            identity.change_member(who, who.user_id, MemberChange(role=Role.ADMIN)),
            identity.remove_member(who, admin.user_id),
        ):
            with pytest.raises(ForbiddenError, match="you may not manage members"):
                await attempt


async def test_a_change_takes_what_is_given_and_says_which_fields(
    scene: Scene, admin: Member, user: Member
) -> None:
    change = MemberChange(full_name="Robert", role=Role.ADMIN)
    changed = await scene.desk.identity.change_member(admin, user.user_id, change)
    assert (changed.full_name, changed.role) == ("Robert", Role.ADMIN)
    assert changed.email == "bob@example.com"
    (event,) = await scene.audited(admin, "member.changed")
    assert event.data == {"fields": ["full_name", "role"]}


async def test_a_change_that_changes_nothing_leaves_no_trace(scene: Scene, admin: Member) -> None:
    before = await scene.desk.identity.get_member(admin, admin.user_id)
    for change in (MemberChange(), MemberChange(role=Role.ADMIN)):
        assert await scene.desk.identity.change_member(admin, admin.user_id, change) == before
    assert await scene.audited(admin, "member.changed") == ()


async def test_a_new_password_set_by_an_admin_ends_the_members_sessions(
    scene: Scene, admin: Member, user: Member
) -> None:
    tokens, _ = await scene.desk.identity.sign_in("bob@example.com", PASSWORD, HOME)
    change = MemberChange(password="a new password")
    await scene.desk.identity.change_member(admin, user.user_id, change)
    with pytest.raises(UnauthenticatedError):
        await scene.who(tokens)
    await scene.desk.identity.sign_in("bob@example.com", "a new password", HOME)
    (event,) = await scene.audited(admin, "member.changed")
    assert event.data == {"fields": ["password"]}


@pytest.mark.parametrize("change", [DEMOTED, MemberChange(is_active=False)])
async def test_the_last_admin_cannot_be_demoted_or_deactivated(
    scene: Scene, admin: Member, user: Member, change: MemberChange
) -> None:
    with pytest.raises(ConflictError, match="the last admin"):
        await scene.desk.identity.change_member(admin, admin.user_id, change)
    assert (await scene.desk.identity.get_member(admin, admin.user_id)).role is Role.ADMIN


async def test_the_last_admin_cannot_be_removed_but_others_can(
    scene: Scene, admin: Member, user: Member
) -> None:
    with pytest.raises(ConflictError, match="the last admin"):
        await scene.desk.identity.remove_member(admin, admin.user_id)
    await scene.desk.identity.remove_member(admin, user.user_id)
    with pytest.raises(NotFoundError):
        await scene.desk.identity.get_member(admin, user.user_id)
    (event,) = await scene.audited(admin, "member.removed")
    assert event.target_id == user.user_id


async def test_an_inactive_admin_does_not_count_as_one(scene: Scene, admin: Member) -> None:
    other = await scene.member(admin, role=Role.ADMIN)
    off = MemberChange(is_active=False)
    await scene.desk.identity.change_member(admin, other.user_id, off)
    with pytest.raises(ConflictError):
        await scene.desk.identity.change_member(admin, admin.user_id, DEMOTED)


async def test_with_another_admin_an_admin_may_go(scene: Scene, admin: Member) -> None:
    other = await scene.member(admin, role=Role.ADMIN)
    await scene.desk.identity.change_member(admin, admin.user_id, DEMOTED)
    await scene.desk.identity.remove_member(other, admin.user_id)
    assert (await scene.desk.identity.list_members(other, ALL)).total == 1


async def test_of_two_admins_who_demote_each_other_at_once_one_stays(
    scene: Scene, admin: Member
) -> None:
    other = await scene.member(admin, role=Role.ADMIN)
    change = scene.desk.identity.change_member
    results = await asyncio.gather(
        change(admin, other.user_id, DEMOTED),
        change(other, admin.user_id, DEMOTED),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, ConflictError) for one in results) == [False, True]


async def test_of_two_changes_at_once_neither_undoes_the_other(
    scene: Scene, admin: Member, user: Member
) -> None:
    change = scene.desk.identity.change_member
    promoted, renamed = MemberChange(role=Role.ADMIN), MemberChange(full_name="Robert")
    await asyncio.gather(
        change(admin, user.user_id, promoted), change(admin, user.user_id, renamed)
    )
    both = await scene.desk.identity.get_member(admin, user.user_id)
    assert (both.role, both.full_name) == (Role.ADMIN, "Robert")


async def test_a_new_password_does_not_undo_a_demotion_at_the_same_moment(
    scene: Scene, admin: Member
) -> None:
    other = await scene.member(admin, role=Role.ADMIN)
    await asyncio.gather(
        scene.desk.identity.change_member(admin, other.user_id, DEMOTED),
        scene.desk.identity.change_password(other, PASSWORD, "a new password"),
    )
    assert (await scene.desk.identity.get_member(admin, other.user_id)).role is Role.USER


async def test_removing_somebody_who_does_not_exist_is_not_found(
    scene: Scene, admin: Member
) -> None:
    with pytest.raises(NotFoundError):
        await scene.desk.identity.remove_member(admin, new_id())
