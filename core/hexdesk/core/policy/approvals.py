"""What exactly is approved, in the one form that it has, and whether it still may be made."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.approvals import ApprovalStatus, ApprovedCall, ExactCall, HeldCall
from hexdesk.core.model.principals import Person
from hexdesk.core.policy.rights import Right, may_use_tool
from hexdesk.core.policy.words import refused

CALL_PREFIX = "call_"


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return a JSON object in the one form that it has: sorted keys, no insignificant blanks.

    Raise `ValueError` for what is no JSON: half a character, or a name that is no text.
    """
    try:
        return msgspec.json.encode(dict(value), order="sorted")
    except (TypeError, RecursionError, UnicodeError) as error:
        raise ValueError("wrong arguments: they cannot be written as JSON") from error


def digest(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a JSON object's canonical form, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def decided_call_id(approval_id: UUID) -> str:
    """Return the id under which a decided call is made: no other call of a conversation has it.

    Providers take at most forty characters.
    """
    return f"{CALL_PREFIX}{approval_id.hex}"


def covers(
    approved: ApprovedCall | None, call_id: str | None, tool: str, arguments: Mapping[str, Any]
) -> bool:
    """Tell whether a person has allowed this very call."""
    if approved is None or (approved.call_id, approved.tool) != (call_id, tool):
        return False
    try:
        return digest(arguments) == approved.arguments_hash
    except ValueError:
        return False


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand when a decided call is to be made.

    `person` is whom the agent acts for, as of now, or None; `right` and `schema_hash` are the
    tool's, None where there is none of that name any more.
    """

    person: Person | None
    is_agent_active: bool
    settings: AgentSettings
    right: Right | None
    schema_hash: str | None


def why_not(held: HeldCall, exact: ExactCall | None, now: Moment) -> str | None:
    """Say in words for the model why a decided call is not made, or None if it is."""
    if held.status is not ApprovalStatus.APPROVED:
        return refused(held.note)
    is_as_it_was = exact and hashlib.sha256(exact.arguments).hexdigest() == held.arguments_hash
    changes = (
        (not now.is_agent_active, "the agent was switched off meanwhile"),
        (now.person is None, "whom you act for is no longer a member"),
        (not _may_still(held.tool, now), f"{held.tool!r} may no longer be used"),
        (now.schema_hash != held.schema_hash, f"{held.tool!r} has changed meanwhile"),
        (not is_as_it_was, "it can no longer be read as it was"),
    )
    found = next((words for has_changed, words in changes if has_changed), None)
    return found and f"not made although a person allowed it: {found}"


def _may_still(tool: str, now: Moment) -> bool:
    is_enabled = now.settings.mcp_enabled and tool in now.settings.tools_enabled
    if not is_enabled or now.right is None or now.person is None:
        return False
    return may_use_tool(now.person, tool, now.right)
