"""Finding tickets, statuses, priorities and titles in words."""

import re

THING = r"(?:ticket|case|issue|request|incident)"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PRONOUN = rf"(?:(?:this|that|the|my) {THING}|(?:this|that)(?: one)?|it)\b"
NUMBER = rf"(?:{THING}[\s:-]*)?(?:(?:number|num|no|nr|id)\s*)?(?:#\s?)?(?P<number>\d{{1,9}})\b"
# What an order is about: "#4", "ticket number 4", "case 4", an id, "it", "that ticket".
TARGET = rf"(?:(?:(?:the|my|our) )?(?:{THING} )?(?P<uuid>{UUID})|{NUMBER}|(?P<pronoun>{PRONOUN}))"

_STATUS_WORDS = {
    "open": "open",
    "in progress": "in_progress",
    "in-progress": "in_progress",
    "in_progress": "in_progress",
    "waiting": "waiting",
    "pending": "waiting",
    "on hold": "waiting",
    "hold": "waiting",
    "resolved": "resolved",
    "solved": "resolved",
    "fixed": "resolved",
    "done": "resolved",
    "finished": "resolved",
    "completed": "resolved",
    "complete": "resolved",
    "closed": "closed",
}
_PRIORITY_WORDS = {
    "low": "low",
    "lowest": "low",
    "normal": "normal",
    "medium": "normal",
    "high": "high",
    "urgent": "urgent",
    "critical": "urgent",
    "highest": "urgent",
}
STATUS = "|".join(sorted(_STATUS_WORDS, key=len, reverse=True))
PRIORITY = "|".join(sorted(_PRIORITY_WORDS, key=len, reverse=True))

_MENTION = re.compile(
    rf"(?<![\w&#/])(?:(?P<uuid>{UUID})|"
    rf"(?:#\s?|\b{THING}[\s:-]*(?:(?:number|num|no|nr|id)\s*)?(?:#\s?)?)(?P<number>\d{{1,9}}))\b"
)
_STATED_PRIORITY = (
    rf"\b(?:priority|prio)\b(?: level)?(?: is| of| to| as|:| =)? ?(?P<after>{PRIORITY})\b|"
    rf"\b(?P<before>{PRIORITY})[ -](?:priority|prio)\b|"
    r"(?<!not )(?<!n't )\b(?P<alone>urgent|urgently|asap)\b"
)


def status_of(words: str) -> str:
    """Translate a word for a status into the contract's name of it."""
    return _STATUS_WORDS[words]


def priority_of(words: str) -> str:
    """Translate a word for a priority into the contract's name of it."""
    return _PRIORITY_WORDS[words]


def mentioned_status(words: str) -> str | None:
    """Return the status that a description of tickets names."""
    if re.search(
        r"\b(?:unresolved|unsolved|outstanding|unfinished|not (?:closed|resolved))\b", words
    ):
        return "open"
    found = re.search(rf"\b(?:{STATUS})\b", words)
    return _STATUS_WORDS[found.group()] if found else None


def mentioned_priority(words: str) -> str | None:
    """Return the priority that a description of tickets names."""
    found = re.search(rf"\b(?:{PRIORITY})\b", words)
    return _PRIORITY_WORDS[found.group()] if found else None


def stated_priority(words: str) -> str | None:
    """Return the priority somebody gives a new ticket; "high CPU load" gives none."""
    found = re.search(_STATED_PRIORITY, words)
    if not found:
        return None
    return "urgent" if found["alone"] else _PRIORITY_WORDS[found["after"] or found["before"]]


def ticket_id(number: str) -> str:
    """Write a ticket's number without zeros in front."""
    return str(int(number))


def mentions(words: str) -> tuple[str, ...]:
    """Return the tickets that are named, each once, in order."""
    found = (m["uuid"] or ticket_id(m["number"]) for m in _MENTION.finditer(words))
    return tuple(dict.fromkeys(found))
