"""Several processes on one file, and one that is killed in the middle of its work."""

import asyncio
import sys
from pathlib import Path

from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company
from hexdesk_sqlite.storage import SqliteStorage

TICKETS_EACH = 25
WRITER = """
import asyncio, sys
from pathlib import Path
from uuid import UUID, uuid4
from hexdesk.core.testing import examples
from hexdesk_sqlite.connections import Patience
from hexdesk_sqlite.storage import SqliteStorage

async def write(file, organization, most):
    async with SqliteStorage.open(Path(file), Patience(lock_seconds=30)) as storage:
        who = examples.a_member(examples.a_user(UUID(organization)))
        for _ in range(int(most)):
            async with storage.transaction(who) as transaction:
                ticket = await transaction.tickets.add(
                    examples.a_ticket(UUID(organization), id=uuid4())
                )
            print(ticket.number, flush=True)

asyncio.run(write(*sys.argv[1:]))
"""


async def start(file: Path, company: Company, most: int) -> asyncio.subprocess.Process:
    """Start a process that adds tickets, and says the number of each once it is stored."""
    arguments = (str(file), str(company.organization.id), str(most))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, *arguments, stdout=asyncio.subprocess.PIPE
    )


async def numbers(company: Company) -> list[int]:
    """Return the numbers of the company's tickets."""
    async with company.transaction() as transaction:
        page = await transaction.tickets.page(TicketFilter(), examples.ALL)
    return sorted(ticket.number for ticket in page.data)


async def test_processes_that_write_at_once_lose_and_double_nothing(
    storage: SqliteStorage, file: Path
) -> None:
    ours = await a_company(storage)
    writers = [await start(file, ours, TICKETS_EACH) for _ in range(3)]
    async with asyncio.timeout(60):
        said = [(await writer.communicate())[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sorted(int(number) for numbers in said for number in numbers) == await numbers(ours)
    assert await numbers(ours) == list(range(1, 3 * TICKETS_EACH + 1))


async def test_what_was_said_to_be_stored_is_there_after_a_kill(
    storage: SqliteStorage, file: Path
) -> None:
    ours = await a_company(storage)
    writer = await start(file, ours, 100_000)
    assert writer.stdout
    async with asyncio.timeout(60):
        said = [int(await writer.stdout.readline()) for _ in range(20)]
        writer.kill()
        rest, _ = await writer.communicate()
    said += [int(line) for line in rest.split(b"\n")[:-1]]
    stored = await numbers(ours)
    assert set(said) <= set(stored)
    # At most the one whose process died between storing it and saying so.
    assert len(stored) <= len(said) + 1
    assert stored == list(range(1, len(stored) + 1))
    async with ours.transaction() as transaction:
        ticket = await transaction.tickets.add(examples.a_ticket(ours.organization.id))
    assert ticket.number == len(stored) + 1
