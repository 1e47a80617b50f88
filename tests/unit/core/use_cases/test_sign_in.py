"""Signing in with a password: who is let in, who waits, and who may not keep others out."""

import asyncio
from dataclasses import replace

import pytest

from hexdesk.core.errors import (
    ForbiddenError,
    InvalidError,
    RateLimitedError,
    UnauthenticatedError,
)
from hexdesk.core.model.audit import Outcome
from hexdesk.core.model.limits import Attempt, Rate
from hexdesk.core.model.principals import Member, Origin
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import PlainPasswords
from hexdesk.core.use_cases.api_keys import NewApiKey
from hexdesk.core.use_cases.members import MemberChange
from hexdesk.core.use_cases.sessions import secret_hash
from hexdesk.core.use_cases.sign_in import SignInRefusedError
from tests.unit.core.scenes import AWAY, HOME, PASSWORD, Fakes, Scene
from tests.unit.core.scripts import Gate

ADA = "ada@example.com"
STRICT = DeskSettings(login_rate=Rate("login", 2), login_address_rate=None)


async def sign_in(
    scene: Scene, email: str = ADA, password: str = PASSWORD, origin: Origin = HOME
) -> Member:
    tokens, _ = await scene.desk.identity.sign_in(email, password, origin)
    return await scene.who(tokens)


async def fail(scene: Scene, times: int, origin: Origin = HOME) -> None:
    for _ in range(times):
        with pytest.raises((SignInRefusedError, RateLimitedError)):
            await sign_in(scene, password="wrong horse", origin=origin)


async def test_the_right_password_opens_a_session_whatever_the_case_of_the_address(
    scene: Scene,
) -> None:
    founder = await scene.founder(ADA)
    who = await sign_in(scene, "ADA@example.COM")
    assert (who.user_id, who.role) == (founder.user_id, founder.role)
    assert who.session_id != founder.session_id
    (event,) = await scene.audited(who, "session.started")
    assert (event.actor_id, event.target_id, event.ip) == (who.user_id, who.user_id, HOME.ip)


async def test_an_unknown_address_and_a_wrong_password_are_refused_in_the_same_words(
    scene: Scene,
) -> None:
    await scene.sign_up(ADA)
    with pytest.raises(SignInRefusedError) as wrong:
        await sign_in(scene, password="wrong horse")
    with pytest.raises(SignInRefusedError) as unknown:
        await sign_in(scene, email="nobody@example.com")
    assert str(wrong.value) == str(unknown.value) == "wrong e-mail address or password"


async def test_a_refusal_tells_how_the_limit_stands(scene: Scene) -> None:
    await scene.sign_up(ADA)
    with pytest.raises(SignInRefusedError) as error:
        await sign_in(scene, password="wrong horse")
    assert error.value.verdict
    assert (error.value.verdict.rate.name, error.value.verdict.remaining) == ("login", 9)
    _, verdict = await scene.desk.identity.sign_in(ADA, PASSWORD, HOME)
    assert verdict
    assert verdict.remaining == 8


async def test_a_failed_sign_in_is_in_the_audit_of_the_members_organization(scene: Scene) -> None:
    who = await scene.founder(ADA)
    await fail(scene, 1, AWAY)
    (event,) = await scene.audited(who, "session.refused")
    assert (event.outcome, event.target_id, event.ip) == (Outcome.FAILURE, who.user_id, AWAY.ip)
    assert event.data == {"reason": "wrong e-mail address or password"}


async def test_a_failure_that_belongs_to_no_organization_is_kept_without_the_address(
    scene: Scene,
) -> None:
    with pytest.raises(SignInRefusedError):
        await sign_in(scene, email="No@Body.example")
    (failed,) = scene.fakes.memory.failed_sign_ins
    assert failed.email_hash == secret_hash("no@body.example")
    assert (failed.ip, failed.request_id) == (HOME.ip, HOME.request_id)


async def test_a_deactivated_member_is_refused_like_a_stranger(scene: Scene) -> None:
    admin = await scene.founder(ADA)
    bob = await scene.member(admin, "bob@example.com")
    await scene.desk.identity.change_member(admin, bob.user_id, MemberChange(is_active=False))
    with pytest.raises(SignInRefusedError, match="wrong e-mail address or password"):
        await sign_in(scene, "bob@example.com")


async def test_an_outdated_hash_is_renewed_by_the_password_that_fits_it(scene: Scene) -> None:
    await scene.sign_up(ADA)
    scene.fakes.passwords.strength = 2
    await sign_in(scene)
    found = await scene.storage.directory.user_by_email(ADA)
    assert found
    assert not scene.fakes.passwords.is_outdated(found.password_hash)
    await sign_in(scene)


class SlowPasswords(PlainPasswords):
    """Takes its time to verify: until the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    async def verify(self, password: str, password_hash: str | None) -> bool:
        is_right = await super().verify(password, password_hash)
        await self.gate()
        return is_right


async def test_a_password_that_was_changed_meanwhile_opens_nothing() -> None:
    passwords = SlowPasswords()
    scene = Scene.of(fakes=replace(Fakes.new(), passwords=passwords))
    admin = await scene.founder(ADA)
    signing_in = asyncio.create_task(sign_in(scene))
    await passwords.gate.wait()
    change = MemberChange(password="a new password")
    await scene.desk.identity.change_member(admin, admin.user_id, change)
    passwords.gate.open()
    with pytest.raises(UnauthenticatedError, match="wrong e-mail address or password"):
        await signing_in
    await sign_in(scene, password="a new password")


async def test_attempts_are_counted_for_the_account_at_the_address_and_for_the_address(
    scene: Scene,
) -> None:
    await scene.sign_up(ADA)
    await sign_in(scene, "ADA@example.com")
    settings = DeskSettings()
    assert settings.login_rate
    assert settings.login_address_rate
    assert scene.fakes.limiter.allowed == [
        Attempt(settings.login_rate, f"{secret_hash(ADA).hex()}:{HOME.ip}"),
        Attempt(settings.login_address_rate, "192.0.2.1"),
    ]


async def test_without_rates_nothing_is_counted() -> None:
    scene = Scene.of(settings=DeskSettings(login_rate=None, login_address_rate=None))
    await scene.sign_up(ADA)
    _, verdict = await scene.desk.identity.sign_in(ADA, PASSWORD, HOME)
    assert verdict is None
    assert scene.fakes.limiter.allowed == []


async def test_too_many_attempts_have_to_wait() -> None:
    scene = Scene.of(settings=STRICT)
    await scene.sign_up(ADA)
    await fail(scene, 2, AWAY)
    with pytest.raises(RateLimitedError) as error:
        await sign_in(scene, origin=AWAY)
    refused = error.value
    assert (refused.policy, refused.limit, refused.period_seconds) == ("login", 2, 60)
    assert refused.retry_after == 30
    scene.clock.advance(refused.retry_after)
    await sign_in(scene, origin=AWAY)


async def test_a_refusal_by_rate_is_audited_with_its_reason() -> None:
    scene = Scene.of(settings=STRICT)
    who = await scene.founder(ADA)
    await fail(scene, 3, AWAY)
    reasons = [event.data["reason"] for event in await scene.audited(who, "session.refused")]
    assert reasons == ["wrong e-mail address or password"] * 2 + ["rate limited"]


async def test_nobody_can_lock_another_out_of_a_place_that_the_account_knows() -> None:
    scene = Scene.of(settings=STRICT)
    await scene.sign_up(ADA)
    await fail(scene, 5, HOME)
    await sign_in(scene, origin=HOME)


async def test_at_a_known_place_a_wrong_password_has_to_wait_all_the_same() -> None:
    scene = Scene.of(settings=STRICT)
    await scene.sign_up(ADA)
    await fail(scene, 2, HOME)
    with pytest.raises(RateLimitedError):
        await sign_in(scene, password="wrong horse", origin=HOME)


async def test_failures_elsewhere_do_not_count_here() -> None:
    scene = Scene.of(settings=STRICT)
    await scene.sign_up(ADA)
    await fail(scene, 5, AWAY)
    await sign_in(scene, origin=Origin(ip="203.0.113.9"))


async def test_an_address_that_tries_many_accounts_has_to_wait() -> None:
    settings = DeskSettings(login_rate=None, login_address_rate=Rate("login-address", 3))
    scene = Scene.of(settings=settings)
    await scene.sign_up(ADA)
    for number in range(3):
        with pytest.raises(SignInRefusedError):
            await sign_in(scene, email=f"{number}@example.com", origin=AWAY)
    with pytest.raises(RateLimitedError, match="too many attempts"):
        await sign_in(scene, origin=AWAY)
    await sign_in(scene, origin=HOME)


async def test_whoever_comes_from_no_address_knows_no_place() -> None:
    scene = Scene.of(settings=STRICT)
    await scene.sign_up(ADA)
    nowhere = Origin()
    await fail(scene, 2, nowhere)
    with pytest.raises(RateLimitedError):
        await sign_in(scene, origin=nowhere)


async def test_the_wait_is_never_shorter_than_a_second() -> None:
    scene = Scene.of(settings=DeskSettings(login_rate=Rate("login", 1, 1), login_address_rate=None))
    await scene.sign_up(ADA)
    await fail(scene, 1, AWAY)
    scene.clock.advance(0.9)
    with pytest.raises(RateLimitedError) as error:
        await sign_in(scene, origin=AWAY)
    assert error.value.retry_after == 1


async def test_a_new_password_takes_the_place_of_the_old_and_ends_the_other_sessions(
    scene: Scene,
) -> None:
    first = await scene.sign_up(ADA)
    second, _ = await scene.desk.identity.sign_in(ADA, PASSWORD, AWAY)
    who = await scene.who(second)
    await scene.desk.identity.change_password(who, PASSWORD, "a new password")
    assert (await scene.who(second)).session_id == who.session_id
    with pytest.raises(UnauthenticatedError):
        await scene.who(first)
    with pytest.raises(SignInRefusedError):
        await sign_in(scene)
    await sign_in(scene, password="a new password")
    (event,) = await scene.audited(who, "password.changed")
    assert (event.outcome, event.target_id) == (Outcome.SUCCESS, who.user_id)


async def test_a_wrong_current_password_changes_nothing_and_is_audited(scene: Scene) -> None:
    who = await scene.founder(ADA)
    with pytest.raises(InvalidError, match="is not your current password") as error:
        await scene.desk.identity.change_password(who, "wrong horse", "a new password")
    assert error.value.pointer == "/current_password"
    await sign_in(scene)
    (event,) = await scene.audited(who, "password.changed")
    assert event.outcome is Outcome.FAILURE


async def test_an_api_key_cannot_change_a_password(scene: Scene) -> None:
    who = await scene.founder(ADA)
    key = await scene.desk.identity.add_api_key(who, NewApiKey(name="ci"))
    program = await scene.desk.identity.authenticate(key.key, HOME)
    with pytest.raises(ForbiddenError):
        await scene.desk.identity.change_password(program, PASSWORD, "a new password")
