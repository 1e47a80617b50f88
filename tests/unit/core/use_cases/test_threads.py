"""Conversations: begun, found, changed and removed by whoever they are for."""

import pytest

from hexdesk.core.errors import InvalidError, NotFoundError
from hexdesk.core.model.agents import AgentChange, NewAgent
from hexdesk.core.model.chat import ThreadStatus
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.examples import ALL, new_id
from hexdesk.core.use_cases.organizations import OrganizationChange, SettingsChange
from hexdesk.core.use_cases.threads import NewThread, ThreadChange
from tests.unit.core.scenes import Scene, customer_of


async def test_a_thread_is_its_members_and_goes_to_the_default_agent(
    scene: Scene, user: Member
) -> None:
    thread = await scene.thread(user, title="Printer", metadata={"shop": 7})
    assert (thread.user_id, thread.agent_id) == (user.user_id, (await scene.agent(user)).id)
    assert (thread.title, thread.metadata) == ("Printer", {"shop": 7})
    assert (thread.status, thread.channel) == (ThreadStatus.ACTIVE, "api")
    assert await scene.desk.chat.get_thread(user, thread.id) == thread


async def test_a_thread_goes_to_the_agent_that_is_named_or_chosen(
    scene: Scene, admin: Member
) -> None:
    other = await scene.desk.agents.add(admin, NewAgent())
    assert (await scene.thread(admin, agent_id=other.id)).agent_id == other.id
    settings = SettingsChange(default_agent_id=other.id)
    await scene.desk.identity.change_organization(admin, OrganizationChange(settings=settings))
    assert (await scene.thread(admin)).agent_id == other.id


async def test_an_agent_that_cannot_answer_is_refused(
    scene: Scene, admin: Member, stranger: Member
) -> None:
    off = await scene.desk.agents.add(admin, NewAgent())
    await scene.desk.agents.change(admin, off.id, AgentChange(is_active=False))
    theirs = await scene.agent(stranger)
    for agent_id, message in (
        (off.id, "names an agent that is switched off"),
        (theirs.id, "names no agent of yours"),
        (new_id(), "names no agent of yours"),
    ):
        with pytest.raises(InvalidError, match=message) as error:
            await scene.thread(admin, agent_id=agent_id)
        assert error.value.pointer == "/agent_id"


async def test_metadata_have_a_limit(scene: Scene, user: Member) -> None:
    thread = await scene.thread(user, metadata={"a": "x" * 16_376})
    for attempt in (
        scene.desk.chat.start_thread(user, NewThread(metadata={"a": "x" * 16_377})),
        scene.desk.chat.change_thread(user, thread.id, ThreadChange(metadata={"a": "x" * 16_377})),
    ):
        with pytest.raises(InvalidError, match="must not be larger than 16384 bytes") as error:
            await attempt
        assert error.value.pointer == "/metadata"


async def test_a_user_lists_its_own_and_customers_threads_and_an_admin_all(
    scene: Scene, admin: Member, user: Member, stranger: Member
) -> None:
    admins = await scene.thread(admin)
    users = await scene.thread(user)
    customers = await scene.thread(customer_of(admin))
    await scene.thread(stranger)
    seen = await scene.desk.chat.list_threads(user, ALL)
    assert {one.id for one in seen.data} == {users.id, customers.id}
    seen = await scene.desk.chat.list_threads(admin, ALL)
    assert {one.id for one in seen.data} == {admins.id, users.id, customers.id}


async def test_threads_and_messages_are_sorted_by_their_own_fields(
    scene: Scene, user: Member
) -> None:
    thread = await scene.thread(user)
    with pytest.raises(InvalidError):
        await scene.desk.chat.list_threads(user, Slice(sort="metadata"))
    with pytest.raises(InvalidError):
        await scene.desk.chat.list_messages(user, thread.id, Slice(sort="citations"))


async def test_threads_of_others_do_not_exist(
    scene: Scene, admin: Member, user: Member, stranger: Member
) -> None:
    thread = await scene.thread(admin)
    chat = scene.desk.chat
    for who in (user, stranger, customer_of(admin)):
        for attempt in (
            chat.get_thread(who, thread.id),
            chat.change_thread(who, thread.id, ThreadChange(title="Mine")),
            chat.remove_thread(who, thread.id),
            chat.list_messages(who, thread.id, ALL),
            chat.send_message(who, thread.id, "Hello?"),
        ):
            with pytest.raises(NotFoundError):
                await attempt


async def test_a_customer_sees_its_own_thread_only(scene: Scene, admin: Member) -> None:
    customer = customer_of(admin)
    thread = await scene.thread(customer, metadata={"page": "/help"})
    assert thread.metadata == {"page": "/help", "customer_id": "U1"}
    assert await scene.desk.chat.get_thread(customer, thread.id) == thread
    with pytest.raises(NotFoundError):
        await scene.desk.chat.get_thread(customer_of(admin, customer_id="U2"), thread.id)


async def test_nobody_can_give_a_customers_thread_to_another_customer(
    scene: Scene, admin: Member, user: Member
) -> None:
    customer = customer_of(admin)
    thread = await scene.thread(customer)
    stolen = ThreadChange(metadata={"customer_id": "U2", "note": "vip"})
    for who in (user, customer):
        changed = await scene.desk.chat.change_thread(who, thread.id, stolen)
        assert changed.metadata == {"customer_id": "U1", "note": "vip"}


async def test_a_members_metadata_are_the_members_own(scene: Scene, user: Member) -> None:
    thread = await scene.thread(user, metadata={"customer_id": "crm-7"})
    change = ThreadChange(metadata={"customer_id": "crm-8"})
    changed = await scene.desk.chat.change_thread(user, thread.id, change)
    assert changed.metadata == {"customer_id": "crm-8"}


async def test_a_change_keeps_what_is_absent(scene: Scene, user: Member) -> None:
    thread = await scene.thread(user, title="Printer", metadata={"shop": 7})
    scene.clock.advance(1)
    closed = await scene.desk.chat.change_thread(user, thread.id, ThreadChange(status="closed"))
    assert (closed.status, closed.title, closed.metadata) == ("closed", "Printer", {"shop": 7})
    assert (closed.created_at, closed.updated_at) == (thread.created_at, scene.clock.now())
    untitled = await scene.desk.chat.change_thread(user, thread.id, ThreadChange(title=None))
    assert (untitled.title, untitled.status) == (None, ThreadStatus.CLOSED)


async def test_what_changes_nothing_is_no_change(scene: Scene, user: Member) -> None:
    thread = await scene.thread(user, title="Printer")
    scene.clock.advance(1)
    for change in (ThreadChange(), ThreadChange(title="Printer", status="active")):
        assert await scene.desk.chat.change_thread(user, thread.id, change) == thread


async def test_removing_a_thread_is_audited(scene: Scene, admin: Member, user: Member) -> None:
    thread = await scene.thread(user)
    await scene.desk.chat.remove_thread(user, thread.id)
    with pytest.raises(NotFoundError):
        await scene.desk.chat.get_thread(user, thread.id)
    (event,) = await scene.audited(admin, "thread.removed")
    assert (event.target_id, event.actor_id) == (thread.id, user.user_id)
