"""An integration of a channel's name is the channel's connection."""

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.integrations import IntegrationStatus
from hexdesk.core.testing import ScriptedAddressee, ScriptedChannel, saying
from hexdesk.core.testing.scripted_channel import SECRET, PigeonConfig
from hexdesk.core.use_cases.integration_types import MASK
from hexdesk.core.use_cases.integrations import IntegrationChange, NewIntegration
from tests.unit.core.pigeons import Flock, connected, says


async def test_a_connections_secrets_are_sealed_and_masked() -> None:
    flock = await Flock.of()
    assert flock.integration.config == {"loft": "tower", "secret": MASK}
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        stored = await tx.integrations.get(flock.integration.id)
    assert SECRET not in str(stored.config)


async def test_a_configuration_that_does_not_fit_is_refused() -> None:
    flock = await Flock.of()
    wish = NewIntegration(type="pigeon", name="Loft", config={"secret": "x"})
    with pytest.raises(InvalidError, match="missing"):
        await flock.scene.desk.integrations.add(flock.admin, wish)


async def test_what_a_channel_is_handed_is_opened_and_its_own() -> None:
    flock = await Flock.of(saying("Yes."), saying("Yes."))
    other = await connected(flock.scene, flock.admin)
    await flock.tell(says("Hello?"))
    await Flock(
        scene=flock.scene, admin=flock.admin, channel=flock.channel, integration=other
    ).tell(says("Hello?"))
    one, two = flock.channel.connections
    assert one.config == PigeonConfig(loft="tower", secret=SECRET)
    assert one.organization_id == flock.admin.organization_id
    assert len(one.key) >= 32
    assert one.key != two.key
    assert one.settings is None


async def test_a_check_asks_the_channel_and_notes_how_it_is() -> None:
    flock = await Flock.of()
    check, key = flock.scene.desk.integrations.check, flock.integration.id
    told = await check(flock.admin, key)
    assert (told.ok, told.status_code, told.detail) == (
        True,
        None,
        "the pigeons of 'tower' are well",
    )
    for error in (UnavailableError("no pigeon flies"), UndeliverableError("no such tower")):
        flock.channel.check_error = error
        told = await check(flock.admin, key)
        assert (told.ok, told.detail) == (False, str(error))
    shown = await flock.scene.desk.integrations.get(flock.admin, key)
    assert (shown.status, shown.last_error) == (IntegrationStatus.ERROR, "no such tower")


async def test_without_an_integration_there_is_nothing_to_check() -> None:
    flock = await Flock.of()
    kind = flock.scene.desk.channels.receive.channels.types["pigeon"]
    with pytest.raises(InvalidError, match="connect the channel first"):
        await kind.check({}, flock.scene.fakes.egress)


async def test_of_an_account_there_is_one_connection() -> None:
    flock = await Flock.of(channel=ScriptedAddressee())
    stranger = await flock.scene.founder("eve@example.org", "Other")
    for who in (flock.admin, stranger):
        with pytest.raises(ConflictError, match="connected already"):
            await connected(flock.scene, who)
    await connected(flock.scene, stranger, "another tower")


async def test_a_changed_account_is_changed_for_whoever_looks() -> None:
    flock = await Flock.of(channel=ScriptedAddressee())
    stranger = await flock.scene.founder("eve@example.org", "Other")
    change = flock.scene.desk.integrations.change
    moved = IntegrationChange(config={"loft": "spire", "secret": MASK})
    await change(flock.admin, flock.integration.id, moved)
    await connected(flock.scene, stranger, "tower")
    back = IntegrationChange(config={"loft": "tower", "secret": MASK})
    with pytest.raises(ConflictError, match="connected already"):
        await change(flock.admin, flock.integration.id, back)


async def test_where_an_account_means_nothing_it_may_be_connected_twice() -> None:
    flock = await Flock.of(channel=ScriptedChannel())
    second = await connected(flock.scene, flock.admin)
    change = IntegrationChange(config={"loft": "spire", "secret": MASK})
    changed = await flock.scene.desk.integrations.change(flock.admin, second.id, change)
    assert changed.config["loft"] == "spire"


async def test_a_stored_configuration_that_fits_no_more_is_told() -> None:
    flock = await Flock.of()
    async with flock.scene.fakes.memory.transaction(flock.who) as tx:
        stored = await tx.integrations.get(flock.integration.id)
        await tx.integrations.update(replace(stored, config={"nest": "old"}))
    told = await flock.scene.desk.integrations.check(flock.admin, flock.integration.id)
    assert not told.ok
    with pytest.raises(NotFoundError):
        await flock.post(says("Hello?"))
