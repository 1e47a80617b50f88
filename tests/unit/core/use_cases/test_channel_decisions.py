"""Approvals are decided by buttons in a channel, by admins whom the channel proves."""

from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.model.agents import NewAgent
from hexdesk.core.model.approvals import ApprovalFilter, ApprovalStatus
from hexdesk.core.model.audit import Outcome
from hexdesk.core.model.channels import ChannelCapabilities, InboundDecision, Sender
from hexdesk.core.model.conversations import InboundStatus
from hexdesk.core.model.identity import Role
from hexdesk.core.testing import ScriptedChannel, saying
from hexdesk.core.testing.examples import ALL, new_id
from hexdesk.core.use_cases.channel_decisions import NO_ADMIN
from hexdesk.core.use_cases.members import MemberChange
from hexdesk.core.use_cases.organizations import OrganizationChange, SettingsChange
from tests.unit.core.people import DELETE, waiting
from tests.unit.core.pigeons import Flock, says

ADA = Sender(external_id="ada", email="ada@example.com", is_verified=True)


async def asked() -> Flock:
    """Return a flock in which a call waits for a person."""
    channel = ScriptedChannel(ChannelCapabilities(buttons=True))
    flock = await Flock.of(waiting(), saying("It is done."), channel=channel)
    agent = await flock.scene.desk.agents.add(
        flock.admin, NewAgent(tools_enabled=(DELETE,), use_streaming=False)
    )
    settings = SettingsChange(default_agent_id=agent.id)
    change = OrganizationChange(settings=settings)
    await flock.scene.desk.identity.change_organization(flock.admin, change)
    await flock.tell(says("Delete it!"))
    return flock


def decision(flock: Flock, **fields: Any) -> InboundDecision:
    """Return a push of the button that allows the call."""
    made = InboundDecision(
        dedupe_key=new_id().hex,
        approval_id=flock.channel.sent[0].approvals[0].approval_id,
        is_approved=True,
        sender=ADA,
    )
    return replace(made, **fields)


async def status(flock: Flock) -> ApprovalStatus:
    """Return how the one approval stands."""
    (one,) = (await flock.scene.desk.people.list_approvals(flock.admin, ApprovalFilter(), ALL)).data
    return one.status


@pytest.mark.parametrize(
    ("is_approved", "expected"), [(True, ApprovalStatus.APPROVED), (False, ApprovalStatus.DENIED)]
)
async def test_an_admin_decides_and_the_answer_goes_out(
    *, is_approved: bool, expected: ApprovalStatus
) -> None:
    flock = await asked()
    await flock.tell(decision(flock, is_approved=is_approved))
    assert await status(flock) is expected
    assert [one.text for one in flock.channel.sent][1:] == ["It is done."]
    assert expected in {one.note for one in await flock.kept()}


async def test_the_channel_is_asked_who_pushed_the_button() -> None:
    flock = await asked()
    flock.channel.senders["u7"] = ADA
    await flock.tell(decision(flock, sender=Sender(external_id="u7")))
    assert await status(flock) is ApprovalStatus.APPROVED


@pytest.mark.parametrize(
    "sender",
    [
        replace(ADA, is_verified=False),
        replace(ADA, email=None),
        replace(ADA, email="nobody@example.com"),
        replace(ADA, email="eve@example.org"),
        replace(ADA, email="bob@example.com"),
    ],
)
async def test_nobody_else_decides_and_that_is_audited_once(sender: Sender) -> None:
    flock = await asked()
    await flock.scene.founder("eve@example.org", "Other")
    await flock.scene.member(flock.admin, "bob@example.com", Role.USER)
    for _ in range(2):
        await flock.tell(decision(flock, sender=sender))
    assert await status(flock) is ApprovalStatus.PENDING
    [event] = await flock.scene.audited(flock.admin, "approval.refused")
    assert event.outcome is Outcome.DENIED
    assert event.data["sender"] == "ada"
    assert NO_ADMIN in {one.note for one in await flock.kept()}


async def test_an_admin_who_was_switched_off_decides_nothing() -> None:
    flock = await asked()
    carl = await flock.scene.member(flock.admin, "carl@example.com", Role.ADMIN)
    off = MemberChange(is_active=False)
    await flock.scene.desk.identity.change_member(flock.admin, carl.user_id, off)
    await flock.tell(decision(flock, sender=replace(ADA, email="carl@example.com")))
    assert await status(flock) is ApprovalStatus.PENDING


async def test_a_second_decision_and_one_about_nothing_change_nothing() -> None:
    flock = await asked()
    await flock.tell(decision(flock))
    await flock.tell(decision(flock, is_approved=False))
    await flock.tell(decision(flock, approval_id=new_id()))
    assert await status(flock) is ApprovalStatus.APPROVED
    assert {one.status for one in await flock.kept()} == {InboundStatus.DONE}
