"""What webhooks are told of, and that they are told of nothing else."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from hexdesk.core.errors import ConflictError
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.model.tickets import TicketStatus
from hexdesk.core.model.webhooks import EventType
from hexdesk.core.testing import saying
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.comments import NewComment
from hexdesk.core.use_cases.integrations import IntegrationChange
from hexdesk.core.use_cases.threads import ThreadChange
from hexdesk.core.use_cases.tickets import NewTicket, TicketChange
from tests.unit.core.scenes import Scene
from tests.unit.core.webhooks import a_webhook, deliveries, told

LOGIN = NewTicket(title="Login fails")


def as_answered(value: msgspec.Struct) -> Any:
    """Return a value as the API answers it."""
    return msgspec.json.decode(msgspec.json.encode(value))


async def test_each_change_of_a_ticket_is_one_event_with_the_ticket_in_it(
    scene: Scene, admin: Member
) -> None:
    hook, desk = await a_webhook(scene, admin), scene.desk.tickets
    made = await desk.create(admin, LOGIN)
    renamed = await desk.change(admin, made.id, TicketChange(title="Log-in fails"))
    moved = await desk.move(admin, made.id, TicketStatus.IN_PROGRESS)
    assigned = await desk.assign(admin, made.id, admin.user_id)
    await desk.remove(admin, made.id)
    assert await told(scene, admin, hook) == [
        ("ticket.created", as_answered(made)),
        ("ticket.updated", as_answered(renamed)),
        ("ticket.status_changed", as_answered(moved)),
        ("ticket.assigned", as_answered(assigned)),
        ("ticket.deleted", as_answered(assigned)),
    ]


async def test_what_changes_nothing_is_no_event(scene: Scene, admin: Member) -> None:
    ticket, thread = await scene.desk.tickets.create(admin, LOGIN), await scene.thread(admin)
    hook = await a_webhook(scene, admin)
    await scene.desk.tickets.change(admin, ticket.id, TicketChange())
    await scene.desk.tickets.move(admin, ticket.id, TicketStatus.OPEN)
    await scene.desk.tickets.assign(admin, ticket.id, None)
    await scene.desk.chat.change_thread(admin, thread.id, ThreadChange(status="active"))
    assert await told(scene, admin, hook) == []


async def test_a_remark_is_an_event_unless_it_is_internal(scene: Scene, admin: Member) -> None:
    ticket, hook = await scene.desk.tickets.create(admin, LOGIN), await a_webhook(scene, admin)
    await scene.desk.tickets.add_comment(admin, ticket.id, NewComment(body="Psst", internal=True))
    said = await scene.desk.tickets.add_comment(admin, ticket.id, NewComment(body="Looking."))
    assert await told(scene, admin, hook) == [("ticket.commented", as_answered(said))]


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (ThreadChange(title="Bikes"), "thread.updated"),
        (ThreadChange(status="closed"), "thread.closed"),
        (ThreadChange(status="closed", title="Bikes"), "thread.closed"),
    ],
)
async def test_each_change_of_a_thread_is_one_event_with_the_thread_in_it(
    scene: Scene, admin: Member, change: ThreadChange, event: str
) -> None:
    hook, desk = await a_webhook(scene, admin), scene.desk.chat
    made = await scene.thread(admin)
    changed = await desk.change_thread(admin, made.id, change)
    await desk.remove_thread(admin, made.id)
    assert await told(scene, admin, hook) == [
        ("thread.created", as_answered(made)),
        (event, as_answered(changed)),
        ("thread.deleted", as_answered(changed)),
    ]


async def test_a_closed_thread_that_is_renamed_is_not_closed_again(
    scene: Scene, admin: Member
) -> None:
    thread = await scene.thread(admin)
    await scene.desk.chat.change_thread(admin, thread.id, ThreadChange(status="closed"))
    hook = await a_webhook(scene, admin)
    await scene.desk.chat.change_thread(admin, thread.id, ThreadChange(title="Bikes"))
    assert [name for name, _ in await told(scene, admin, hook)] == ["thread.updated"]


async def test_question_and_answer_are_events_as_they_are_stored() -> None:
    scene = Scene.of(saying("Try again."))
    admin = await scene.founder()
    thread, hook = await scene.thread(admin), await a_webhook(scene, admin)
    response = await scene.ask(admin, thread)
    assert response.message is not None
    assert await told(scene, admin, hook) == [
        ("thread.message", as_answered(response.user_message)),
        ("thread.message", as_answered(response.message)),
    ]


async def test_a_message_that_reopens_a_thread_is_an_event_of_the_thread_too() -> None:
    scene = Scene.of(saying("Hello."))
    admin = await scene.founder()
    thread = await scene.thread(admin)
    await scene.desk.chat.change_thread(admin, thread.id, ThreadChange(status="closed"))
    hook = await a_webhook(scene, admin, "thread.updated")
    await scene.ask(admin, thread)
    [(name, data)] = await told(scene, admin, hook)
    assert (name, data["id"], data["status"]) == ("thread.updated", str(thread.id), "active")


async def test_an_answer_that_waited_in_the_journal_is_an_event_when_it_is_stored(
    scene: Scene, admin: Member
) -> None:
    thread, hook = await scene.thread(admin), await a_webhook(scene, admin)
    scene.runner.scripts += ((scene.break_storage, *saying("Kept.")),)
    assert not (await scene.ask(admin, thread)).stored
    await scene.mend_storage()
    assert [data["content"] for _, data in await told(scene, admin, hook)] == ["Hello?"]
    assert await scene.desk.run_desk.restore_answers() == 1
    assert [data["content"] for _, data in await told(scene, admin, hook)] == ["Hello?", "Kept."]


async def test_a_tools_effect_is_an_event(scene: Scene, admin: Member) -> None:
    hook = await a_webhook(scene, admin)
    call = scene.desk.call_tool
    made = (await call(admin, "create_ticket", {"title": "By an agent"})).value
    number = {"ticket_id": made["number"]}
    await call(admin, "update_ticket", {**number, "priority": "high"})
    await call(admin, "update_ticket_status", {**number, "status": "in_progress"})
    await call(admin, "assign_ticket", {**number, "assignee_id": str(admin.user_id)})
    await call(admin, "delete_ticket", number)
    assert [name for name, _ in await told(scene, admin, hook)] == [
        "ticket.created",
        "ticket.updated",
        "ticket.status_changed",
        "ticket.assigned",
        "ticket.deleted",
    ]


async def test_what_is_undone_was_never_told(scene: Scene, admin: Member) -> None:
    hook = await a_webhook(scene, admin)
    scene.storage.at_commit.append(ConflictError("no"))
    with pytest.raises(ConflictError):
        await scene.desk.tickets.create(admin, LOGIN)
    assert await told(scene, admin, hook) == []
    assert await tasks(scene, admin) == ()


async def test_webhooks_hear_what_they_asked_for_while_they_are_switched_on(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    tickets = await a_webhook(scene, admin, "ticket.*")
    threads = await a_webhook(scene, admin, "thread.created", "thread.deleted")
    off = await a_webhook(scene, admin)
    await scene.desk.integrations.change(admin, off.id, IntegrationChange(is_active=False))
    theirs = await a_webhook(scene, stranger)
    await scene.desk.tickets.create(admin, LOGIN)
    await scene.thread(admin)
    assert [name for name, _ in await told(scene, admin, tickets)] == ["ticket.created"]
    assert [name for name, _ in await told(scene, admin, threads)] == ["thread.created"]
    assert await told(scene, admin, off) == []
    assert await told(scene, stranger, theirs) == []
    assert await tasks(scene, stranger) == ()


async def test_each_delivery_has_a_task_of_its_own_that_workers_hear_of(
    scene: Scene, admin: Member
) -> None:
    hooks = [await a_webhook(scene, admin), await a_webhook(scene, admin)]
    await scene.desk.tickets.create(admin, LOGIN)
    sent = [one for hook in hooks for one in await deliveries(scene, admin, hook)]
    queued = await tasks(scene, admin)
    assert {one.task_data["delivery_id"] for one in queued} == {str(one.id) for one in sent}
    for task in queued:
        assert (task.task_type, task.priority) == ("webhook_delivery", 3)
        assert task.status is TaskStatus.QUEUED
        assert task.principal == System(organization_id=admin.organization_id)
    assert {hint.task_id for hint in scene.queue.announced} == {task.id for task in queued}


async def test_an_installation_without_webhooks_stores_nothing_more(
    scene: Scene, admin: Member
) -> None:
    await scene.desk.tickets.create(admin, LOGIN)
    assert await tasks(scene, admin) == ()


def test_every_event_is_tried_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in EventType if f'"{name}"' not in text] == []


async def tasks(scene: Scene, who: Member) -> Any:
    """Return the organization's tasks."""
    async with scene.fakes.memory.transaction(who) as tx:
        page = await tx.tasks.page(TaskFilter(), ALL)
    assert page.total_is_exact is UNSET
    return page.data
