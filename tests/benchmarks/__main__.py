"""`just bench`: measure hexdesk beside a bare agent, and print the report as Markdown."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.benchmarks.chat import measure_chat
from tests.benchmarks.effort import QUICK, THOROUGH, Effort
from tests.benchmarks.extraction import measure_extraction
from tests.benchmarks.memory import measure_memory
from tests.benchmarks.report import Table, report
from tests.benchmarks.retrieval import measure_retrieval
from tests.benchmarks.startup import measure_startup
from tests.benchmarks.tickets import measure_tickets

PARTS: dict[str, Callable[[Effort, Path], Awaitable[list[Table]]]] = {
    "startup": measure_startup,
    "chat": measure_chat,
    "memory": measure_memory,
    "tickets": measure_tickets,
    "extraction": measure_extraction,
    "retrieval": measure_retrieval,
}


async def measure(names: list[str], effort: Effort) -> list[Table]:
    """Measure the named parts one after the other, each on a desk of its own."""
    tables: list[Table] = []
    for name in names:
        sys.stderr.write(f"measuring {name} ...\n")
        with tempfile.TemporaryDirectory(prefix="hexdesk-bench-") as folder:
            tables += await PARTS[name](effort, Path(folder))
    return tables


def main() -> None:
    """Read the arguments, measure, and print."""
    parser = argparse.ArgumentParser(prog="just bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it works")
    parser.add_argument("--only", default="", help=f"some of {','.join(PARTS)} (default: all)")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(PARTS)
    if unknown := sorted(set(names) - set(PARTS)):
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    tables = asyncio.run(measure(names, QUICK if arguments.quick else THOROUGH))
    command = " ".join(("just bench", *sys.argv[1:]))
    sys.stdout.write(report(tables, command) + "\n")


if __name__ == "__main__":
    main()
