"""A request with a key is carried out once, and its answer is given again."""

import asyncio

import pytest
from msgspec.structs import replace

from hexdesk.core.assembly import on_storage
from hexdesk.core.errors import IdempotencyMismatchError, StorageUnavailableError
from hexdesk.core.model.idempotency import IdempotencyKey, KeptAnswer
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.examples import a_kept_answer, an_idempotency_key
from hexdesk.core.use_cases.idempotency import OnceStorage
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Scene

KEY = an_idempotency_key()
DAY = 86_400


async def create(
    scene: Scene, who: Member, title: str = "Login fails", key: IdempotencyKey = KEY
) -> tuple[OnceStorage, KeptAnswer | None]:
    """Carry out a request that creates a ticket; return what came of keeping its answer."""
    once = scene.desk.once(who, key)
    ticket = await on_storage(scene.desk, once).tickets.create(who, NewTicket(title=title))
    body = f"{ticket.number} {title}".encode()
    return once, await once.keep(
        a_kept_answer(body=body, body_hash=key.body_hash, created_at=scene.clock.now())
    )


async def total(scene: Scene, who: Member) -> int:
    return (await scene.desk.tickets.stats(who)).total


async def test_effects_and_answer_are_kept_together(scene: Scene, admin: Member) -> None:
    once, first = await create(scene, admin)
    assert first is None
    kept = await once.find()
    assert kept
    assert kept.body == b"1 Login fails"
    assert await total(scene, admin) == 1


async def test_a_key_that_never_came_has_no_answer(scene: Scene, admin: Member) -> None:
    assert await scene.desk.once(admin, KEY).find() is None


async def test_of_two_requests_with_one_key_at_once_one_is_carried_out(
    scene: Scene, admin: Member
) -> None:
    results = await asyncio.gather(*(create(scene, admin) for _ in range(5)))
    firsts = [first for _, first in results]
    assert sum(first is None for first in firsts) == 1
    assert {first.body for first in firsts if first} == {b"1 Login fails"}
    assert await total(scene, admin) == 1


async def test_another_body_with_the_same_key_is_refused(scene: Scene, admin: Member) -> None:
    await create(scene, admin)
    other = scene.desk.once(admin, replace(KEY, body_hash=b"o" * 32))
    with pytest.raises(IdempotencyMismatchError, match="was used with another body"):
        await other.find()


async def test_of_two_bodies_with_one_key_at_once_the_second_is_refused_and_undone(
    scene: Scene, admin: Member
) -> None:
    other = replace(KEY, body_hash=b"o" * 32)
    results = await asyncio.gather(
        create(scene, admin), create(scene, admin, "Other", other), return_exceptions=True
    )
    assert sum(isinstance(one, IdempotencyMismatchError) for one in results) == 1
    assert await total(scene, admin) == 1


async def test_an_answer_is_kept_for_a_day(scene: Scene, admin: Member) -> None:
    once, _ = await create(scene, admin)
    scene.clock.advance(DAY)
    assert await once.find()
    scene.clock.advance(1)
    assert await once.find() is None
    _, first = await create(scene, admin)
    assert first is None
    assert await total(scene, admin) == 2


async def test_what_is_undone_leaves_nothing_and_lets_another_answer_be_kept(
    scene: Scene, admin: Member
) -> None:
    once = scene.desk.once(admin, KEY)
    await on_storage(scene.desk, once).tickets.create(admin, NewTicket(title="Undone"))
    await once.undo()
    assert await total(scene, admin) == 0
    assert await once.keep(a_kept_answer(status=404, created_at=scene.clock.now())) is None
    kept = await once.find()
    assert kept
    assert kept.status == 404


async def test_undoing_nothing_is_no_error(scene: Scene, admin: Member) -> None:
    once = scene.desk.once(admin, KEY)
    await once.undo()
    assert await once.find() is None


async def test_a_request_that_comes_after_a_lost_commit_starts_anew(
    scene: Scene, admin: Member
) -> None:
    scene.storage.at_commit.append(StorageUnavailableError("gone"))
    once = scene.desk.once(admin, KEY)
    desk = on_storage(scene.desk, once)
    await desk.tickets.create(admin, NewTicket(title="Lost"))
    with pytest.raises(StorageUnavailableError):
        await once.keep(a_kept_answer(created_at=scene.clock.now()))
    await once.undo()
    assert await total(scene, admin) == 0
    await desk.tickets.create(admin, NewTicket(title="Again"))
    assert await once.keep(a_kept_answer(created_at=scene.clock.now())) is None
    assert await total(scene, admin) == 1


async def test_look_ups_outside_of_any_organization_go_on_as_ever(
    scene: Scene, admin: Member
) -> None:
    assert scene.desk.once(admin, KEY).directory is scene.storage.directory
    assert scene.desk.once(admin, KEY).backlog is scene.storage.backlog
