"""How tasks look in a terminal."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS = {"succeeded": "green", "failed": "red", "cancelled": "yellow", "running": "cyan"}
IN_A_PIPE = 200


def show_tasks(page: dict[str, Any], console: Console | None = None) -> None:
    """Show a part of the list, a line for each task."""
    console = console or _console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ID", "TYPE", "STATUS", "PROGRESS", "TRIED", "CREATED", "ERROR"):
        table.add_column(name, no_wrap=name != "ERROR", overflow="fold")
    for task in page["data"]:
        table.add_row(
            task["id"],
            _printable(task["task_type"]),
            _status(task),
            f"{task['progress']:.0%}",
            f"{task['attempts']}/{task['max_attempts']}",
            task["created_at"],
            _printable(task["error"] or ""),
        )
    console.print(table)
    shown, total = len(page["data"]), page["total"]
    if shown < total:
        console.print(Text(f"{shown} of {total}: --limit shows more", style="dim"))


def show_task(task: dict[str, Any], console: Console | None = None) -> None:
    """Show all of a task, a line for each field."""
    console = console or _console()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in task.items():
        table.add_row(name, _status(task) if name == "status" else _shown(value))
    console.print(table)


def _shown(value: Any) -> Text:
    match value:
        case None:
            return Text("-", style="dim")
        case dict() | list():
            return _printable(json.dumps(value, indent=2, ensure_ascii=False))
        case _:
            return _printable(str(value))


def _status(task: dict[str, Any]) -> Text:
    return Text(task["status"], style=COLOURS.get(task["status"], ""))


def _printable(text: str) -> Text:
    """Return what somebody else wrote without anything that a terminal would obey."""
    return Text("".join(one if one.isprintable() or one == "\n" else "�" for one in text))


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=IN_A_PIPE)
