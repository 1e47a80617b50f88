"""Changes at once: of two that read, decide and write, the second sees what the first has done."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hexdesk.core.errors import UnauthenticatedError
from hexdesk.core.model.agents import AgentOverrides
from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.model.integrations import IntegrationStatus
from hexdesk.core.model.principals import Member
from hexdesk.core.ports.egress import Egress
from hexdesk.core.testing import PlainPasswords, saying
from hexdesk.core.use_cases.integration_types import Webhook
from hexdesk.core.use_cases.integrations import IntegrationChange, NewIntegration
from hexdesk.core.use_cases.organizations import OrganizationChange, SettingsChange
from hexdesk.core.use_cases.threads import NewThread, ThreadChange
from tests.unit.core.lost_runs import LEASE, left_behind, recovered
from tests.unit.core.scenes import HOME, PASSWORD, Scene

Deed = Callable[[], Awaitable[object]]
OLD, NEW = "https://old.example/hook", "https://new.example/hook"


async def test_two_changes_of_an_organization_are_both_kept(scene: Scene, admin: Member) -> None:
    change = scene.desk.identity.change_organization
    defaults = SettingsChange(agent_defaults=AgentOverrides(tone="formal"))
    await asyncio.gather(
        change(admin, OrganizationChange(name="Blue Bikes")),
        change(admin, OrganizationChange(settings=defaults)),
    )
    organization = await scene.desk.identity.get_organization(admin)
    assert organization.name == "Blue Bikes"
    assert organization.settings.agent_defaults.tone == "formal"


async def test_two_changes_of_a_thread_are_both_kept(scene: Scene, admin: Member) -> None:
    thread = await scene.desk.chat.start_thread(admin, NewThread())
    change = scene.desk.chat.change_thread
    await asyncio.gather(
        change(admin, thread.id, ThreadChange(title="Bikes")),
        change(admin, thread.id, ThreadChange(metadata={"colour": "blue"})),
    )
    changed = await scene.desk.chat.get_thread(admin, thread.id)
    assert (changed.title, changed.metadata) == ("Bikes", {"colour": "blue"})


async def test_a_check_of_the_old_address_says_nothing_of_the_new_one(
    scene: Scene, admin: Member
) -> None:
    desk = scene.desk.integrations
    wish = NewIntegration(type="webhook", name="Hook", config={"url": OLD})
    hook = await desk.add(admin, wish)

    async def move() -> None:
        await desk.change(admin, hook.id, IntegrationChange(config={"url": NEW}))

    slow = _SlowWebhook(egress=scene.fakes.egress, clock=scene.clock, meanwhile=move)
    check = replace(desk.check, types=replace(desk.check.types, types={"webhook": slow}))
    assert (await check(admin, hook.id)).ok
    present = await desk.get(admin, hook.id)
    assert (present.config["url"], present.status) == (NEW, IntegrationStatus.UNKNOWN)


async def test_a_password_that_is_changed_while_it_is_checked_opens_nothing(scene: Scene) -> None:
    admin = await scene.founder("ada@example.com")

    async def change() -> None:
        await scene.desk.identity.change_password(admin, PASSWORD, "another horse battery")

    sign_in = replace(scene.desk.identity.sign_in, passwords=_SlowPasswords(change))
    with pytest.raises(UnauthenticatedError, match="wrong e-mail address or password"):
        await sign_in("ada@example.com", PASSWORD, HOME)


async def test_a_run_that_was_begun_again_for_too_long_is_given_up() -> None:
    scene, who, run = await left_behind((), saying("never asked"))
    scene.clock.advance(3 * (run.settings.timeout_seconds + LEASE))
    response = await recovered(scene, who, run)
    assert response.degraded_reason is DegradedReason.RUN_LIMIT
    assert scene.runner.requests == []


@dataclass(frozen=True, kw_only=True)
class _SlowWebhook(Webhook):
    """Answers only after something else has happened."""

    meanwhile: Deed

    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        await self.meanwhile()
        return 200, "fine"


class _SlowPasswords(PlainPasswords):
    """Finds a password right only after something else has happened."""

    def __init__(self, meanwhile: Deed) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def verify(self, password: str, password_hash: str | None) -> bool:
        await self._meanwhile()
        return await super().verify(password, password_hash)
