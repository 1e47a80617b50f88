"""Short conversations with the offline model."""

from collections.abc import Mapping

from hexdesk.adapters.agents.offline import Call, Conversation, Said, Say, ToolResult, decide
from tests.unit.offline.score import TOOLS

MEMBER_ID = "0192f3c4-5a6b-7c8d-9e0f-0000000000aa"


def ticket(number: int) -> Mapping[str, object]:
    """Return a ticket as tools answer with it."""
    return {"number": number, "title": f"Ticket {number}", "status": "open", "priority": "normal"}


def shown(number: int) -> ToolResult:
    """Return the result of looking at a ticket."""
    arguments = {"ticket_id": str(number)}
    return ToolResult(tool="get_ticket", arguments=arguments, content=ticket(number))


def user(text: str) -> Said:
    """Return what the user said before."""
    return Said(by_user=True, text=text)


def assistant(text: str) -> Said:
    """Return what the assistant said before."""
    return Said(by_user=False, text=text)


def call(text: str, *steps: Said | ToolResult) -> Call:
    """Return the call that a message leads to, where it must lead to one."""
    decision = decide(Conversation(text=text, steps=steps, member_id=MEMBER_ID), TOOLS)
    assert isinstance(decision, Call)
    return decision


def say(text: str, *steps: Said | ToolResult, tools: frozenset[str] = TOOLS) -> str:
    """Return what is said to a message, where nothing may be called."""
    decision = decide(Conversation(text=text, steps=steps), tools)
    assert isinstance(decision, Say)
    return decision.text
