"""How long people wait for the command line, and for `hexdesk up`."""

import asyncio
import subprocess
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.effort import Effort
from tests.benchmarks.programs import HEXDESK, desk, model_server
from tests.benchmarks.report import Table, verdict

UP_GOAL = 10.0
HELP_GOAL = 0.5


async def measure_startup(effort: Effort, folder: Path) -> list[Table]:
    """Measure the first start on a folder, the next one, and `hexdesk --help`."""
    async with model_server() as model:
        starts: list[float] = []
        for _ in range(2):
            async with desk(model, folder) as running:
                starts.append(running.start_seconds)
    helps = [await asyncio.to_thread(_help_seconds) for _ in range(effort.starts)]
    first, again = starts
    return [
        Table(
            title="Starting",
            columns=("what", "seconds", "goal"),
            rows=(
                ("`hexdesk up`, new data folder", f"{first:.1f}", verdict(first, UP_GOAL)),
                ("`hexdesk up`, the same again", f"{again:.1f}", verdict(again, UP_GOAL)),
                (
                    f"`hexdesk --help`, min / median of {effort.starts}",
                    f"{min(helps):.2f} / {median(helps):.2f}",
                    verdict(median(helps), HELP_GOAL),
                ),
            ),
        )
    ]


def _help_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([HEXDESK, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
