"""Scores the offline model on a set of phrases: `python -m tests.unit.offline.score`."""

import sys
from pathlib import Path

import msgspec

from hexdesk.adapters.agents.offline import Call, Conversation, HandOver, Say, ToolResult, decide

TOOLS = frozenset(
    {
        "create_ticket",
        "create_ticket_with_ai",
        "get_ticket",
        "update_ticket",
        "delete_ticket",
        "update_ticket_status",
        "assign_ticket",
        "search_tickets",
        "list_tickets",
        "get_ticket_stats",
        "list_integrations",
        "get_active_integrations",
        "get_system_health",
    }
)
WRITING = frozenset(
    {
        "create_ticket",
        "create_ticket_with_ai",
        "update_ticket",
        "delete_ticket",
        "update_ticket_status",
        "assign_ticket",
    }
)


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody writes, and what should come of it.

    `tool` is a tool's name or "say", or several that are all right. `shown` is the ticket that the
    answer before was about. `arguments` must be exactly so, `contains` must be found in them.
    """

    text: str
    tool: str | tuple[str, ...]
    shown: int | None = None
    arguments: dict[str, object] = {}
    contains: dict[str, str] = {}

    @property
    def tools(self) -> tuple[str, ...]:
        """All that would be right."""
        return (self.tool,) if isinstance(self.tool, str) else self.tool


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the model did with a phrase, and whether it was right."""

    phrase: Phrase
    decision: Call | Say | HandOver
    is_right: bool
    is_wrong_write: bool


def load(name: str) -> list[Phrase]:
    """Read the phrases of one set."""
    path = Path(__file__).with_name(f"{name}.json")
    return msgspec.json.decode(path.read_bytes(), type=list[Phrase])


def judge(phrase: Phrase) -> Verdict:
    """Let the model decide on a phrase and compare with what is wanted."""
    decision = decide(Conversation(text=phrase.text, steps=_steps(phrase)), TOOLS)
    is_right = _is_right(phrase, decision)
    is_write = isinstance(decision, Call) and decision.tool in WRITING
    return Verdict(
        phrase=phrase,
        decision=decision,
        is_right=is_right,
        is_wrong_write=is_write and not is_right,
    )


def _steps(phrase: Phrase) -> tuple[ToolResult, ...]:
    if phrase.shown is None:
        return ()
    ticket = {"number": phrase.shown, "title": "Shown", "status": "open", "priority": "normal"}
    arguments = {"ticket_id": str(phrase.shown)}
    return (ToolResult(tool="get_ticket", arguments=arguments, content=ticket),)


def _is_right(phrase: Phrase, decision: Call | Say | HandOver) -> bool:
    if not isinstance(decision, Call):
        return "say" in phrase.tools
    given = decision.arguments
    return (
        decision.tool in phrase.tools
        and all(key in given and given[key] == value for key, value in phrase.arguments.items())
        and all(
            part.lower() in str(given.get(key, "")).lower() for key, part in phrase.contains.items()
        )
    )


def main(names: list[str]) -> None:
    """Print each miss and the score of the sets."""
    for name in names or ["development", "heldout"]:
        verdicts = [judge(phrase) for phrase in load(name)]
        for verdict in verdicts:
            if not verdict.is_right:
                mark = "WRONG WRITE" if verdict.is_wrong_write else "miss"
                sys.stdout.write(f"{mark}: {verdict.phrase.text!r}: {verdict.decision}\n")
        right = sum(verdict.is_right for verdict in verdicts)
        wrong = sum(verdict.is_wrong_write for verdict in verdicts)
        share = right / len(verdicts)
        sys.stdout.write(
            f"{name}: {right} of {len(verdicts)} right ({share:.0%}), {wrong} wrong writes\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
