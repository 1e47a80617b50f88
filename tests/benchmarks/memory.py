"""What hexdesk remembers that it should not: its resident memory as messages go by."""

from pathlib import Path

from tests.benchmarks.conversations import Conversation, conversations
from tests.benchmarks.effort import Effort
from tests.benchmarks.load import share
from tests.benchmarks.programs import desk, model_server
from tests.benchmarks.report import Table, verdict

CLIENTS = 16
GROWTH_GOAL = 1.1
MESSAGES_PER_THREAD = 25
MEGABYTE = 2**20


async def measure_memory(effort: Effort, folder: Path) -> list[Table]:
    """Measure the resident memory after some messages, and after many."""
    few, many = effort.remembered
    async with (
        model_server() as model,
        desk(model, folder) as running,
        conversations(running, CLIENTS, 0) as talks,
    ):
        await share(range(few), talks, _post)
        after_few = running.tree.program_memory()
        await share(range(few, many), talks, _post)
        after_many = running.tree.program_memory()
    growth = after_many / after_few
    return [
        Table(
            title="Resident memory of hexdesk's processes",
            columns=(f"after {few} messages, MB", f"after {many}, MB", "growth", "goal"),
            rows=(
                (
                    f"{after_few / MEGABYTE:.0f}",
                    f"{after_many / MEGABYTE:.0f}",
                    f"{growth:.2f}",
                    verdict(growth, GROWTH_GOAL),
                ),
            ),
        )
    ]


async def _post(talk: Conversation, number: int) -> None:
    # Each message takes the next number, so that this makes a thread's length an average.
    if number % MESSAGES_PER_THREAD == 0:
        await talk.open(0)
    await talk.post()
