"""The report: Markdown tables, and the machine they were made on."""

import os
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import msgspec

PARTS = ("hexdesk", "pydantic-ai-slim", "mcp", "litestar", "granian", "sqlalchemy")
CPU_INFO = Path("/proc/cpuinfo")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A heading, columns, rows of ready text, and a remark below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return "\n\n".join(filter(None, (f"### {self.title}", table, self.remark)))


def report(tables: Iterable[Table], command: str) -> str:
    """Return the whole report."""
    return "\n\n".join((_machine(command), *(table.markdown() for table in tables)))


def milliseconds(seconds: float) -> str:
    """Return seconds as a cell in milliseconds."""
    return f"{seconds * 1000:.1f}"


def verdict(value: float, goal: float) -> str:
    """Return whether a value keeps within its goal, as a cell."""
    return f"{'yes' if value <= goal else '**no**'} ({goal:g})"


def _machine(command: str) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PARTS)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"`{command}` on {os.cpu_count()} cores ({_processor()}), {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}; {versions}; load {load}."
    )


def _processor() -> str:
    if sys.platform == "linux" and CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
