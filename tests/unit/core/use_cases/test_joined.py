"""Transactions that join the one that is open."""

from dataclasses import replace

import pytest

from hexdesk.core.model.principals import Member
from hexdesk.core.use_cases.joined import JoinedStorage
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Scene


async def test_what_is_done_on_a_joined_storage_is_undone_with_the_open_transaction(
    scene: Scene, admin: Member
) -> None:
    async def open_two_and_fail() -> None:
        async with scene.storage.transaction(admin) as tx:
            joined = JoinedStorage(scene.storage, tx, admin)
            create = replace(scene.desk.tickets.create, storage=joined)
            for title in ("First", "Second"):
                await create(admin, NewTicket(title=title))
            assert (await tx.tickets.stats(scene.clock.now())).total == 2
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await open_two_and_fail()
    assert (await scene.desk.tickets.stats(admin)).total == 0


async def test_another_organization_cannot_join(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    async with scene.storage.transaction(admin) as tx:
        joined = JoinedStorage(scene.storage, tx, admin)
        with pytest.raises(ValueError, match="one organization only"):
            async with joined.transaction(stranger):
                pass


async def test_what_looks_further_than_a_transaction_is_the_storages_own(
    scene: Scene, admin: Member
) -> None:
    async with scene.storage.transaction(admin) as tx:
        joined = JoinedStorage(scene.storage, tx, admin)
        assert joined.directory is scene.storage.directory
        assert joined.backlog is scene.storage.backlog
