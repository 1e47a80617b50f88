"""Slack's way of writing, as plain text."""

import re

ESCAPED = re.compile(r"<([^<>]*)>|&(amp|lt|gt);")
SCHEMES = ("", "http://", "https://", "mailto:", "tel:")
ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}


def plain(text: str) -> str:
    """Return what people see: names of people and channels, addresses, and no escapes."""
    return ESCAPED.sub(_shown, text)


def mentions(text: str, user: str | None) -> bool:
    """Tell whether somebody is named."""
    return user is not None and re.search(_mention(user), text) is not None


def without_mention(text: str, user: str | None) -> str:
    """Return the text without the name of somebody."""
    return text if user is None else re.sub(_mention(user), "", text)


def _mention(user: str) -> str:
    return rf"<@{re.escape(user)}(?:\|[^<>]*)?>[:,]?[ \t]*"


def _shown(found: re.Match[str]) -> str:
    if found[2]:
        return ENTITIES[found[2]]
    target, _, label = found[1].partition("|")
    label = ESCAPED.sub(_shown, label)
    kind, name = target[:1], target[1:]
    if kind == "@":
        return "@" + (label.lstrip("@") or name)
    if kind == "#":
        return "#" + (label.lstrip("#") or name)
    if kind == "!":
        return _special(name, label)
    return _link(ESCAPED.sub(_shown, target), label)


def _special(name: str, label: str) -> str:
    kind = name.partition("^")[0]
    if kind == "date":
        return label
    return "@" + (label.lstrip("@") or ("group" if kind == "subteam" else name))


def _link(url: str, label: str) -> str:
    if not label:
        return url
    # Slack makes links of what looks like one: then the label is what was written.
    if url.rstrip("/") in {scheme + label.rstrip("/") for scheme in SCHEMES}:
        return label
    return f"{label} ({url})"
