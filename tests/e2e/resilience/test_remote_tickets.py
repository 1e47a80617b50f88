"""A desk whose tickets are kept in a company's own system, and everything else in PostgreSQL."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.database import Database
from tests.e2e.resilience.apart import apart
from tests.e2e.resilience.client import Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.integration.plugins.remote_tickets.ticket_server import (
    TOKEN,
    TicketServer,
    ticket_server,
)
from tests.openai_server import Bench

SAID = "The lamp is broken, please open a ticket"
ANSWER = "Your ticket is open."


@pytest.fixture(scope="module")
def running_system() -> Iterator[TicketServer]:
    with ticket_server() as system:
        yield system


@pytest.fixture
def system(running_system: TicketServer) -> Iterator[TicketServer]:
    yield running_system
    running_system.recover()


@pytest.fixture(scope="module")
async def shared_desk(
    desk_database: Database, process_folder: Path, model: Model, running_system: TicketServer
) -> AsyncGenerator[Hexdesk]:
    process = apart(
        "up",
        process_folder / "remote-tickets",
        desk_database,
        model,
        HEXDESK_DATABASE_URL=f"tickets+{desk_database.url}",
        HEXDESK_REMOTE_TICKETS_URL=running_system.url,
        HEXDESK_REMOTE_TICKETS_TOKEN=TOKEN,
        HEXDESK_REMOTE_TICKETS_SECONDS="1",
    )
    async with running(process):
        yield process


@pytest.fixture
async def desk(shared_desk: Hexdesk) -> Hexdesk:
    if not shared_desk.is_running:
        await shared_desk.start()
    return shared_desk


@pytest.fixture
async def ann(desk: Hexdesk, http: httpx2.AsyncClient) -> Member:
    return await Member.register(http, desk.url)


async def test_a_ticket_goes_there_and_back(ann: Member, system: TicketServer) -> None:
    made = await ann.call("POST", "/tickets", {"title": "The lamp is broken"})
    assert (made.status, made.body["number"]) == (201, 1)
    path = f"/tickets/{made.body['id']}"
    [there] = system.of(made.body["organization_id"])
    assert (there["title"], there["status"]) == ("The lamp is broken", "open")

    changed = await ann.call("PUT", path, {"title": "The lamp is broken", "priority": "high"})
    assert (changed.status, changed.body["version"]) == (200, 2)
    assert system.of(made.body["organization_id"])[0]["priority"] == "high"
    found = (await ann.get("/tickets?query=lamp"))["data"]
    assert [one["id"] for one in found] == [made.body["id"]]

    system.change(made.body["id"], status="waiting", title="The lamp was sent")
    shown = await ann.call("GET", path)
    assert (shown.body["status"], shown.body["title"]) == ("waiting", "The lamp was sent")
    assert shown.headers["etag"] == '"3"'
    assert [one["title"] for one in await ann.tickets()] == ["The lamp was sent"]
    assert (await ann.get("/tickets/stats/overview"))["by_status"]["waiting"] == 1

    assert (await ann.call("DELETE", path)).status == 204
    assert system.of(made.body["organization_id"]) == []


async def test_an_agents_ticket_goes_there_too(
    ann: Member, system: TicketServer, model: Model
) -> None:
    model.when(SAID, Bench(tool="create_ticket", arguments={"title": "Lamp"}, text=ANSWER))
    thread, _ = await ann.thread_with(name="Helper", tools_enabled=["create_ticket"])

    answer = await ann.say(thread, SAID)

    assert (answer.status, answer.content) == (201, ANSWER)
    [ticket] = await ann.tickets()
    [there] = system.of(ticket["organization_id"])
    assert (there["id"], there["source"]) == (ticket["id"], "agent")


async def test_companies_do_not_see_each_others_tickets(
    desk: Hexdesk, ann: Member, http: httpx2.AsyncClient
) -> None:
    made = await ann.call("POST", "/tickets", {"title": "Ann's"})
    bob = await Member.register(http, desk.url)
    assert (await bob.call("GET", f"/tickets/{made.body['id']}")).status == 404
    assert await bob.tickets() == []
    theirs = await bob.call("POST", "/tickets", {"title": "Bob's"})
    assert theirs.body["number"] == 1


async def test_while_the_system_is_down_the_desk_answers_and_tickets_wait(
    ann: Member, system: TicketServer, model: Model
) -> None:
    made = await ann.call("POST", "/tickets", {"title": "Before"})
    system.status = 500
    refused = await ann.call("POST", "/tickets", {"title": "Meanwhile"})
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert (await ann.call("GET", f"/tickets/{made.body['id']}")).status == 503
    model.when(SAID, Bench(tool="create_ticket", arguments={"title": "Lamp"}, text=ANSWER))
    thread, _ = await ann.thread_with(name="Helper", tools_enabled=["create_ticket"])
    answer = await ann.say(thread, SAID)
    assert (answer.status, answer.content) == (201, ANSWER)
    assert answer.body["tools_used"][0]["status"] == "error"
    system.recover()
    assert [one["title"] for one in await ann.tickets()] == ["Before"]


async def test_who_is_slow_is_waited_for_a_second(ann: Member, system: TicketServer) -> None:
    system.is_hanging = True
    assert (await ann.call("POST", "/tickets", {"title": "Slow"})).status == 503
    system.recover()
    assert await ann.tickets() == []


async def test_what_their_people_changed_in_the_meantime_is_not_overwritten(
    ann: Member, system: TicketServer
) -> None:
    made = await ann.call("POST", "/tickets", {"title": "Lamp"})

    def change_after_look(method: str) -> bool:
        if method == "POST":
            system.change(made.body["id"], title="Theirs")
        return False

    system.cuts = change_after_look
    refused = await ann.call("PUT", f"/tickets/{made.body['id']}", {"title": "Late"})
    system.recover()
    assert refused.status == 409
    assert [one["title"] for one in await ann.tickets()] == ["Theirs"]


async def test_a_process_that_dies_between_both_leaves_a_ticket_there_and_none_here(
    desk: Hexdesk, ann: Member, system: TicketServer
) -> None:
    first = await ann.call("POST", "/tickets", {"title": "First"})

    def killing(method: str) -> bool:
        desk.kill()
        return True

    system.cuts = killing
    with pytest.raises(httpx2.TransportError):
        await ann.call("POST", "/tickets", {"title": "Orphan"})
    system.recover()
    await desk.start()

    assert [one["title"] for one in await ann.tickets()] == ["First"]
    there = {one["title"]: one for one in system.of(first.body["organization_id"])}
    assert there.keys() == {"First", "Orphan"}
    assert (await ann.call("GET", f"/tickets/{there['Orphan']['id']}")).status == 404
    # The number was never given to anybody, and is given now.
    again = await ann.call("POST", "/tickets", {"title": "Second"})
    assert (again.status, again.body["number"]) == (201, 2)
