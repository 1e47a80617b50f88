"""What an attached server's list of tools says, compared with what was accepted."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import asdict, replace

from hexdesk.core.model.attached_tools import AttachedTool, ToolDefinition
from hexdesk.core.policy.approvals import canonical, digest
from hexdesk.core.policy.storable import holds_nul
from hexdesk.core.policy.tool_names import exposed_name

MOST_TOOLS = 200
"""How many tools of one server are known, those that are gone included."""
LONGEST_TOOL_NAME = 200
LONGEST_DESCRIPTION = 8_000
MOST_SCHEMA_BYTES = 32_768


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The definitions that can be taken, by the server's names, and how many cannot."""

    tools: dict[str, ToolDefinition]
    left_out: int = 0


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be stored; of the updated, `flagged` are those that now wait for an admin."""

    added: tuple[tuple[str, ToolDefinition], ...]
    updated: tuple[AttachedTool, ...]
    flagged: tuple[str, ...]


def definition_hash(definition: ToolDefinition) -> str:
    """Return the SHA-256 of all that a server says of a tool."""
    return digest(asdict(definition))


def snapshot(said: Sequence[ToolDefinition]) -> Snapshot:
    """Return what can be taken of what a server said; of two of one name, the first."""
    taken: dict[str, ToolDefinition] = {}
    for one in said:
        whole = _takeable(one)
        if whole is not None and len(taken) < MOST_TOOLS:
            taken.setdefault(one.name, whole)
    return Snapshot(tools=taken, left_out=len(said) - len(taken))


def drift(
    known: Sequence[AttachedTool], seen: Mapping[str, ToolDefinition], prefix: str, names: set[str]
) -> Drift:
    """Compare a server's tools with its snapshot; `names` are those the organization has.

    A tool that changed stays flagged, also if it changes back: who goes to and fro is worth a
    look. One that is gone keeps its place, so that it cannot come back as something else unseen.
    """
    looked_at = [(before, _seen_again(before, seen)) for before in known]
    updated = [after for before, after in looked_at if after != before]
    flagged = [after.name for before, after in looked_at if after.changed != before.changed]
    room = MOST_TOOLS - len(known)
    known_names = {one.accepted.name for one in known}
    taken, added = set(names), list[tuple[str, ToolDefinition]]()
    for definition in seen.values():
        if definition.name not in known_names and len(added) < room:
            name = exposed_name(prefix, definition.name, taken)
            taken.add(name)
            added.append((name, definition))
    return Drift(added=tuple(added), updated=tuple(updated), flagged=tuple(flagged))


def _seen_again(tool: AttachedTool, seen: Mapping[str, ToolDefinition]) -> AttachedTool:
    now = seen.get(tool.accepted.name)
    if now is None:
        return replace(tool, is_gone=True)
    is_as_before = now == (tool.changed or tool.accepted)
    return replace(tool, is_gone=False, changed=tool.changed if is_as_before else now)


def _takeable(said: ToolDefinition) -> ToolDefinition | None:
    """Return a definition as it comes back from storage, or None if it cannot be kept."""
    try:
        whole = msgspec.json.decode(canonical(asdict(said)), type=ToolDefinition)
        schema_bytes = len(canonical(said.input_schema))
    except (ValueError, msgspec.DecodeError):
        return None
    is_short = 0 < len(said.name) <= LONGEST_TOOL_NAME
    is_short = is_short and len(said.description) <= LONGEST_DESCRIPTION
    is_object = said.input_schema.get("type") == "object"
    fits = is_short and is_object and schema_bytes <= MOST_SCHEMA_BYTES
    return whole if fits and not holds_nul(asdict(whole)) else None
