"""Integrations: connected with sealed secrets, shown masked, called only where that is allowed."""

import asyncio
import base64
import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    DeskError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from hexdesk.core.model.integrations import Integration, IntegrationStatus
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.testing import RecordingEgress
from hexdesk.core.testing.examples import ALL, an_integration
from hexdesk.core.use_cases.integration_types import MASK
from hexdesk.core.use_cases.integrations import IntegrationChange, NewIntegration
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import Gate

URL = "https://example.com/hook"
SECRET = "unguessable"
WEBHOOK = NewIntegration(
    type="webhook",
    name="Alerts",
    config={"url": URL, "secret": SECRET, "events": ["ticket.created"]},
)


def answering(*answers: EgressAnswer | DeskError) -> Scene:
    """Return a scene in which addresses answer like this, one call after the other."""
    return Scene.of(fakes=dataclasses.replace(Fakes.new(), egress=RecordingEgress(*answers)))


def status(code: int) -> EgressAnswer:
    return EgressAnswer(status_code=code, headers={}, body=b"private")


async def stored(scene: Scene, who: Member, integration: Integration) -> dict[str, Any]:
    async with scene.fakes.memory.transaction(who) as tx:
        return (await tx.integrations.get(integration.id)).config


async def secret_of(scene: Scene, who: Member, integration: Integration) -> str:
    sealed = (await stored(scene, who, integration))["secret"]
    plain = base64.b64decode(sealed.removeprefix("sealed:"))
    return scene.desk.ports.vault.open(plain, purpose="integration").decode()


@pytest.fixture
async def webhook(scene: Scene, admin: Member) -> Integration:
    return await scene.desk.integrations.add(admin, WEBHOOK)


async def test_a_secret_is_masked_in_every_answer_and_sealed_in_storage(
    scene: Scene, admin: Member, user: Member, webhook: Integration
) -> None:
    masked = {"url": URL, "secret": MASK, "events": ["ticket.created"]}
    page = await scene.desk.integrations.list(user, ALL)
    shown = await scene.desk.integrations.get(user, webhook.id)
    renamed = await scene.desk.integrations.change(admin, webhook.id, IntegrationChange(name="A"))
    assert webhook.config == page.data[0].config == shown.config == renamed.config == masked
    kept = await stored(scene, admin, webhook)
    assert SECRET not in str(kept)
    assert await secret_of(scene, admin, webhook) == SECRET


async def test_a_change_may_name_the_type_but_not_another_one(scene: Scene, admin: Member) -> None:
    webhook = await scene.desk.integrations.add(admin, WEBHOOK)
    change = IntegrationChange(type="webhook", name="A")
    assert (await scene.desk.integrations.change(admin, webhook.id, change)).name == "A"
    with pytest.raises(InvalidError) as caught:
        await scene.desk.integrations.change(admin, webhook.id, IntegrationChange(type="slack"))
    assert caught.value.pointer == "/type"


async def test_a_new_integration_is_active_and_not_yet_checked(webhook: Integration) -> None:
    assert (webhook.type, webhook.name, webhook.is_active) == ("webhook", "Alerts", True)
    assert (webhook.status, webhook.last_checked_at) == (IntegrationStatus.UNKNOWN, None)


async def test_only_the_active_ones_are_listed_where_that_is_asked(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    off = await scene.desk.integrations.add(admin, WEBHOOK)
    await scene.desk.integrations.change(admin, off.id, IntegrationChange(is_active=False))
    assert (await scene.desk.integrations.list(admin, ALL)).total == 2
    page = await scene.desk.integrations.list(admin, ALL, active_only=True)
    assert [one.id for one in page.data] == [webhook.id]
    with pytest.raises(InvalidError):
        await scene.desk.integrations.list(admin, Slice(sort="config"))


async def test_users_see_integrations_and_only_admins_change_or_call_them(
    scene: Scene, user: Member, webhook: Integration
) -> None:
    desk = scene.desk.integrations
    for attempt in (
        desk.add(user, WEBHOOK),
        desk.change(user, webhook.id, IntegrationChange(name="Mine")),
        desk.remove(user, webhook.id),
        desk.check(user, webhook.id),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_integrations_of_another_organization_do_not_exist(
    scene: Scene, stranger: Member, webhook: Integration
) -> None:
    desk = scene.desk.integrations
    assert (await desk.list(stranger, ALL)).total == 0
    for attempt in (
        desk.get(stranger, webhook.id),
        desk.change(stranger, webhook.id, IntegrationChange(name="Mine")),
        desk.remove(stranger, webhook.id),
        desk.check(stranger, webhook.id),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_an_unknown_type_is_refused_and_the_known_ones_named(
    scene: Scene, admin: Member
) -> None:
    with pytest.raises(InvalidError, match="unknown type 'fax'; known are mcp, webhook") as error:
        await scene.desk.integrations.add(admin, replace(WEBHOOK, type="fax"))
    assert error.value.pointer == "/type"


@pytest.mark.parametrize(
    ("config", "pointer"),
    [
        ({}, "/config/url"),
        ({"url": URL, "color": "red"}, "/config/color"),
        ({"url": "ftp://example.com"}, "/config/url"),
        ({"url": URL, "events": "all"}, "/config/events"),
    ],
)
async def test_a_configuration_must_fit_its_type(
    scene: Scene, admin: Member, config: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidError) as error:
        await scene.desk.integrations.add(admin, replace(WEBHOOK, config=config))
    assert error.value.pointer == pointer


async def test_an_address_that_may_not_be_called_is_refused(scene: Scene, admin: Member) -> None:
    scene.fakes.egress.refused.add("http://127.0.0.1/")
    config = {"url": "http://127.0.0.1/"}
    with pytest.raises(InvalidError, match="may not be called from here") as error:
        await scene.desk.integrations.add(admin, replace(WEBHOOK, config=config))
    assert error.value.pointer == "/config/url"


async def test_a_masked_secret_that_is_sent_back_stays_as_it_is(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    change = IntegrationChange(config={"url": f"{URL}/new", "secret": MASK})
    changed = await scene.desk.integrations.change(admin, webhook.id, change)
    assert changed.config == {"url": f"{URL}/new", "secret": MASK, "events": []}
    assert await secret_of(scene, admin, webhook) == SECRET


async def test_a_new_secret_takes_the_place_of_the_old_and_none_removes_it(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    change = IntegrationChange(config={"url": URL, "secret": "another"})
    await scene.desk.integrations.change(admin, webhook.id, change)
    assert await secret_of(scene, admin, webhook) == "another"
    change = IntegrationChange(config={"url": URL})
    changed = await scene.desk.integrations.change(admin, webhook.id, change)
    assert changed.config == {"url": URL, "secret": None, "events": []}


async def test_the_mask_of_a_secret_that_never_was_is_none(scene: Scene, admin: Member) -> None:
    config = {"url": URL, "secret": MASK}
    made = await scene.desk.integrations.add(admin, replace(WEBHOOK, config=config))
    assert made.config["secret"] is None


async def test_a_changed_configuration_is_unchecked_again_and_an_equal_one_is_no_change(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    await scene.desk.integrations.check(admin, webhook.id)
    same = IntegrationChange(config={**WEBHOOK.config, "secret": MASK})
    kept = await scene.desk.integrations.change(admin, webhook.id, same)
    assert kept.status is IntegrationStatus.OK
    assert await scene.audited(admin, "integration.changed") == ()
    other = IntegrationChange(config={"url": URL})
    changed = await scene.desk.integrations.change(admin, webhook.id, other)
    assert changed.status is IntegrationStatus.UNKNOWN
    (event,) = await scene.audited(admin, "integration.changed")
    assert (event.target_id, event.data) == (webhook.id, {"fields": ["config"]})


async def test_a_secret_that_can_no_longer_be_read_must_be_given_again(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    async with scene.fakes.memory.transaction(admin) as tx:
        kept = await tx.integrations.get(webhook.id)
        broken = {**kept.config, "secret": "sealed:" + base64.b64encode(b"lost").decode()}
        await tx.integrations.update(replace(kept, config=broken))
    desk = scene.desk.integrations
    with pytest.raises(InvalidError, match="can no longer be read: give it again"):
        await desk.change(admin, webhook.id, IntegrationChange(config={"url": URL, "secret": MASK}))
    check = await desk.check(admin, webhook.id)
    assert (check.ok, check.status_code) == (False, None)
    await desk.change(admin, webhook.id, IntegrationChange(config={"url": URL, "secret": "new"}))
    assert await secret_of(scene, admin, webhook) == "new"


async def test_removing_an_integration_is_audited(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    await scene.desk.integrations.remove(admin, webhook.id)
    with pytest.raises(NotFoundError):
        await scene.desk.integrations.get(admin, webhook.id)
    (added,) = await scene.audited(admin, "integration.added")
    (removed,) = await scene.audited(admin, "integration.removed")
    assert added.data == removed.data == {"type": "webhook"}


async def test_a_check_really_calls_the_address_and_notes_how_it_went(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    check = await scene.desk.integrations.check(admin, webhook.id)
    assert (check.ok, check.status_code) == (True, 200)
    assert check.detail == "the address answered 200"
    (posted,) = scene.fakes.egress.posted
    test = b'{"type":"hexdesk.test","timestamp":"2026-01-01T12:00:00Z","data":{}}'
    assert (posted.url, posted.body) == (URL, test)
    after = await scene.desk.integrations.get(admin, webhook.id)
    assert (after.status, after.last_error) == (IntegrationStatus.OK, None)
    assert after.last_checked_at == scene.clock.now()


async def test_an_answer_that_is_no_success_is_an_error_and_its_body_is_not_shown() -> None:
    scene = answering(status(500), status(204))
    admin = await scene.founder()
    webhook = await scene.desk.integrations.add(admin, WEBHOOK)
    check = await scene.desk.integrations.check(admin, webhook.id)
    assert (check.ok, check.status_code) == (False, 500)
    assert "private" not in check.detail
    after = await scene.desk.integrations.get(admin, webhook.id)
    assert (after.status, after.last_error) == (IntegrationStatus.ERROR, check.detail)
    assert (await scene.desk.integrations.check(admin, webhook.id)).ok


async def test_an_address_that_cannot_be_reached_is_an_error_in_words() -> None:
    scene = answering(UnavailableError("no route"))
    admin = await scene.founder()
    webhook = await scene.desk.integrations.add(admin, WEBHOOK)
    check = await scene.desk.integrations.check(admin, webhook.id)
    assert (check.ok, check.status_code, check.detail) == (False, None, "no route")


async def test_an_address_that_may_no_longer_be_called_is_an_error(
    scene: Scene, admin: Member, webhook: Integration
) -> None:
    scene.fakes.egress.refused.add(URL)
    check = await scene.desk.integrations.check(admin, webhook.id)
    assert not check.ok
    assert "may not be called from here" in check.detail


async def test_what_was_found_out_about_an_address_that_changed_meanwhile_says_nothing() -> None:
    scene, gate = answering(status(500)), Gate()
    admin = await scene.founder()
    webhook = await scene.desk.integrations.add(admin, WEBHOOK)
    # The gate stands between the look at the configuration and the call.
    scene.storage.at_commit.append(gate)
    checking = asyncio.create_task(scene.desk.integrations.check(admin, webhook.id))
    await gate.wait()
    other = IntegrationChange(config={"url": f"{URL}/new"})
    await scene.desk.integrations.change(admin, webhook.id, other)
    gate.open()
    assert not (await checking).ok
    after = await scene.desk.integrations.get(admin, webhook.id)
    assert (after.status, after.last_checked_at) == (IntegrationStatus.UNKNOWN, None)


async def test_an_integration_whose_type_is_gone_shows_nothing_and_cannot_be_called(
    scene: Scene, admin: Member
) -> None:
    fax = an_integration(type="fax", config={"number": "0800", "pin": None})
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.integrations.add(fax)
    shown = await scene.desk.integrations.get(admin, fax.id)
    assert shown.config == {"number": MASK, "pin": None}
    check = await scene.desk.integrations.check(admin, fax.id)
    assert (check.ok, check.detail) == (False, "unknown type 'fax'; known are mcp, webhook")
