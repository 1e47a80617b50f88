"""Sessions: refreshed once per token, ended at once, looked up each time."""

import pytest

from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.audit import ActorType, Outcome
from hexdesk.core.model.identity import Role, Tokens
from hexdesk.core.model.principals import AccessClaims, Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing.examples import later, new_id
from hexdesk.core.use_cases.members import MemberChange
from tests.unit.core.scenes import AWAY, HOME, PASSWORD, Scene


async def refresh(scene: Scene, tokens: Tokens) -> Tokens:
    return await scene.desk.identity.refresh(tokens.refresh_token, AWAY)


async def assert_over(scene: Scene, tokens: Tokens) -> None:
    with pytest.raises(UnauthenticatedError, match="the session has ended"):
        await scene.who(tokens)
    with pytest.raises(UnauthenticatedError, match="the refresh token is not valid"):
        await refresh(scene, tokens)


async def test_a_refresh_token_buys_the_next_pair_for_the_same_session(scene: Scene) -> None:
    first = await scene.sign_up()
    second = await refresh(scene, first)
    assert second.refresh_token != first.refresh_token
    assert (await scene.who(second)).session_id == (await scene.who(first)).session_id
    assert (second.user, second.organization) == (first.user, first.organization)


async def test_a_spent_refresh_token_ends_the_session_for_thief_and_member(scene: Scene) -> None:
    first = await scene.sign_up()
    second = await refresh(scene, first)
    with pytest.raises(UnauthenticatedError):
        await refresh(scene, first)
    await assert_over(scene, second)


async def test_a_refused_refresh_is_audited(scene: Scene) -> None:
    who = await scene.founder()
    tokens, _ = await scene.desk.identity.sign_in("ada@example.com", PASSWORD, HOME)
    session_id = (await scene.who(tokens)).session_id
    await refresh(scene, tokens)
    with pytest.raises(UnauthenticatedError):
        await refresh(scene, tokens)
    (event,) = await scene.audited(who, "session.refresh_refused")
    assert (event.actor_type, event.outcome) == (ActorType.SYSTEM, Outcome.DENIED)
    assert (event.target_id, event.ip) == (session_id, AWAY.ip)


async def test_a_reused_token_ends_no_session_but_its_own(scene: Scene) -> None:
    first = await scene.sign_up()
    other, _ = await scene.desk.identity.sign_in("ada@example.com", PASSWORD, HOME)
    await refresh(scene, first)
    with pytest.raises(UnauthenticatedError):
        await refresh(scene, first)
    await scene.who(other)


async def test_a_refresh_token_nobody_knows_is_refused(scene: Scene) -> None:
    with pytest.raises(UnauthenticatedError, match="the refresh token is not valid"):
        await scene.desk.identity.refresh("made up", HOME)


async def test_a_refresh_token_lives_as_long_as_the_setting_says() -> None:
    scene = Scene.of(settings=DeskSettings(refresh_token_seconds=60))
    tokens = await scene.sign_up()
    scene.clock.advance(60)
    with pytest.raises(UnauthenticatedError):
        await refresh(scene, tokens)


async def test_an_access_token_lives_as_long_as_the_setting_says() -> None:
    scene = Scene.of(settings=DeskSettings(access_token_seconds=60))
    tokens = await scene.sign_up()
    assert tokens.expires_in == 60
    scene.clock.advance(59)
    await scene.who(tokens)
    scene.clock.advance(1)
    with pytest.raises(UnauthenticatedError):
        await scene.who(tokens)


async def test_signing_out_stops_access_and_refresh_tokens_at_once(scene: Scene) -> None:
    watcher = await scene.founder()
    tokens, _ = await scene.desk.identity.sign_in("ada@example.com", PASSWORD, HOME)
    session_id = (await scene.who(tokens)).session_id
    await scene.desk.identity.sign_out(tokens.refresh_token, AWAY)
    await assert_over(scene, tokens)
    (event,) = await scene.audited(watcher, "session.ended")
    assert event.target_id == session_id


async def test_signing_out_with_a_token_nobody_knows_is_no_error(scene: Scene) -> None:
    await scene.desk.identity.sign_out("made up", HOME)


async def test_deactivation_acts_at_once(scene: Scene, admin: Member) -> None:
    await scene.member(admin, "bob@example.com")
    tokens, _ = await scene.desk.identity.sign_in("bob@example.com", PASSWORD, HOME)
    change = MemberChange(is_active=False)
    await scene.desk.identity.change_member(admin, tokens.user.id, change)
    await assert_over(scene, tokens)


async def test_demotion_and_promotion_act_on_the_next_request(scene: Scene, admin: Member) -> None:
    await scene.member(admin, "bob@example.com", Role.ADMIN)
    tokens, _ = await scene.desk.identity.sign_in("bob@example.com", PASSWORD, HOME)
    for role in Role:
        await scene.desk.identity.change_member(admin, tokens.user.id, MemberChange(role=role))
        assert (await scene.who(tokens)).role is role


async def test_a_removed_members_token_is_worth_nothing(scene: Scene, admin: Member) -> None:
    await scene.member(admin, "bob@example.com")
    tokens, _ = await scene.desk.identity.sign_in("bob@example.com", PASSWORD, HOME)
    await scene.desk.identity.remove_member(admin, tokens.user.id)
    with pytest.raises(UnauthenticatedError):
        await scene.who(tokens)


async def test_a_token_that_names_anothers_session_is_refused(scene: Scene, admin: Member) -> None:
    assert admin.session_id
    claims = AccessClaims(
        user_id=new_id(),
        organization_id=admin.organization_id,
        session_id=admin.session_id,
        role=Role.ADMIN,
        expires_at=later(60),
    )
    token = scene.desk.ports.access_tokens.issue(claims)
    with pytest.raises(UnauthenticatedError, match="the session has ended"):
        await scene.desk.identity.authenticate(token, HOME)


async def test_what_is_no_token_is_refused(scene: Scene) -> None:
    for token in ("", "made up", "hxd_made_up"):
        with pytest.raises(UnauthenticatedError):
            await scene.desk.identity.authenticate(token, HOME)


async def test_members_are_shown_who_they_are(scene: Scene) -> None:
    tokens = await scene.sign_up()
    me = await scene.desk.identity.show_myself(await scene.who(tokens))
    assert (me.user, me.organization) == (tokens.user, tokens.organization)


async def test_a_signed_in_member_carries_where_it_came_from(scene: Scene) -> None:
    tokens = await scene.sign_up()
    who = await scene.desk.identity.authenticate(tokens.access_token, AWAY)
    assert who.origin == AWAY
