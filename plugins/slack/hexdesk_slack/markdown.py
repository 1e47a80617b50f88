"""The desk's Markdown, as Slack takes it: in pieces, and calling nobody."""

import re
from collections.abc import Iterator, Sequence

from hexdesk.core import ShownTicket

# Slack's limit for `markdown_text`.
LONGEST = 12_000
# In Slack these ring at everybody, at a group or at a person. No text of a model may.
CALLS = re.compile(r"<(?=!(?:channel|everyone|group|here|subteam\^)|@[A-Z0-9])", re.IGNORECASE)
# The beginning of one, where the rest may still come.
BEGUN = re.compile(r"<(?:!|![a-z]*|@)?\Z", re.IGNORECASE)
QUIET = "<\N{ZERO WIDTH SPACE}"
FENCE = "```"
BREAKS = ("\n\n", "\n", ". ", " ")
SPECIAL = re.compile(r"([\\\[\]*_`~<>])")


def quiet(text: str) -> str:
    """Return the text so that it shows the same and calls nobody."""
    return CALLS.sub(QUIET, text)


def finished(text: str) -> str:
    """Return as much of a text under way as can be shown whatever comes next."""
    begun = BEGUN.search(text)
    return text[: begun.start()] if begun else text


def with_tickets(text: str, tickets: Sequence[ShownTicket]) -> str:
    """Return the text and, below it, the tickets that belong to it."""
    lines = "\n".join(_ticket(ticket) for ticket in tickets)
    return f"{text}\n\n{lines}".strip() if lines else text.strip()


def pieces(text: str, longest: int = LONGEST) -> Iterator[str]:
    """Yield the text in pieces that Slack takes, cut between paragraphs where there are any.

    A block of code that is cut is closed in one piece and opened again in the next.
    """
    opening = ""
    while text:
        room = longest - len(opening) - len(FENCE) - 1
        cut = len(text) if len(text) <= room else _cut(text, room)
        piece, text = opening + text[:cut].rstrip(), text[cut:].lstrip("\n")
        opening = _open_fence(piece) if text else ""
        if piece.strip():
            yield f"{piece}\n{FENCE}" if opening else piece


def _cut(text: str, room: int) -> int:
    for mark in BREAKS:
        found = text.rfind(mark, room // 2, room)
        if found >= 0:
            return found + len(mark)
    return room


def _open_fence(piece: str) -> str:
    """Return the line that opens the block of code in which a piece ends, or nothing."""
    opened = ""
    for line in piece.splitlines():
        if line.lstrip().startswith(FENCE):
            opened = "" if opened else line.strip()[:100] + "\n"
    return opened


def _ticket(ticket: ShownTicket) -> str:
    name = SPECIAL.sub(r"\\\1", f"#{ticket.number} {' '.join(ticket.title.split())}")
    return f"- [{name}]({ticket.url})" if ticket.url else f"- {name}"
