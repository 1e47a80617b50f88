"""How a conversation looks in a terminal, and what is printed where there is none."""

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from hexdesk.entrypoints.conversation import Event

MARKS = {"ok": "✓", "error": "✗", "denied": "⊘", "awaiting_approval": "…"}
NAMES = {"user": "you", "assistant": "agent", "human_agent": "staff", "system": "desk"}


class Terminal:
    """Shows answers as they come: in colour on a terminal, as plain text in a pipe."""

    def __init__(self, console: Console | None = None) -> None:
        """Write to standard output, and everything that is not the answer to standard error."""
        self._out = console or Console(highlight=False, soft_wrap=True)
        self._side = Console(stderr=True, highlight=False, soft_wrap=True)

    def ask(self) -> str | None:
        """Return what the person types, or None at the end of input."""
        with suppress(ImportError):
            # Where there is one, it lets the person edit the line and go back to earlier ones.
            import_module("readline")
        try:
            return input("you > ").strip()
        except (EOFError, KeyboardInterrupt):
            self._out.print()
            return None

    def show_history(self, messages: Iterable[dict[str, Any]]) -> None:
        """Show what was said before."""
        for message in messages:
            name = NAMES.get(message["role"], message["role"])
            self._side.print(Text(f"{name} > ", style="bold"), end="")
            self._side.print(Text(message["content"]))

    def show_answer(self, events: Iterable[Event]) -> None:
        """Show an answer while it is made; what it did with tools goes to standard error."""
        for event in events:
            match event.type:
                case "text.delta":
                    self._out.print(Text(event.data["text"]), end="")
                    sys.stdout.flush()
                case "tool.started":
                    arguments = json.dumps(event.data["arguments"], ensure_ascii=False)
                    line = f"● {event.data['name']} {arguments}"
                    self._side.print(Text(line, style="cyan", overflow="ellipsis"), no_wrap=True)
                case "tool.finished":
                    mark = MARKS.get(event.data["status"], "?")
                    line = f"  {mark} {event.data['status']} in {event.data['duration_ms']:g} ms"
                    self._side.print(Text(line, style="dim"))
                case "run.completed":
                    self._out.print()
                    self._show_facts(event.data)
                case "run.failed":
                    self._out.print()
                    self._side.print(Text(str(event.data.get("detail")), style="red"))
                case _:
                    pass

    def show_end(self, thread_id: UUID) -> None:
        """Say how the conversation can be taken up again."""
        self._side.print(Text(f"go on with: hexdesk chat --thread {thread_id}", style="dim"))

    def _show_facts(self, answer: dict[str, Any]) -> None:
        for one in answer["approvals"]:
            line = f"{one['tool']} waits for a person: approval {one['id']}"
            self._side.print(Text(line, style="yellow"))
        usage = answer["usage"]
        tokens = usage["input_tokens"] + usage["output_tokens"]
        name = answer["model"] or "a person has this conversation"
        facts = f"{name} · {answer['response_time_ms'] / 1000:.1f} s · {tokens} tokens"
        if answer["degraded"]:
            facts += f" · degraded: {answer['degraded_reason']}"
        self._side.print(Text(facts, style="dim"))
