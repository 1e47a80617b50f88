"""What exactly is approved, in the one form that it has, and whether it still may be made."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.model.approvals import ApprovalStatus, ApprovedCall, ExactCall, HeldCall
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

    `is_somebody_there` tells whether whom the agent acts for still may act at all, `tools` are
    those that the agent has and that somebody may use. `schema_hash` is the tool's, None where
    there is none of that name any more.
    """

    is_agent_active: bool
    is_somebody_there: bool
    tools: frozenset[str]
    schema_hash: str | None


def why_not(held: HeldCall, exact: ExactCall | None, now: Moment) -> str | None:
    """Say in words for the model why a decided call is not made, or None if it is."""
    if held.status is not ApprovalStatus.APPROVED:
        return refused(held.note)
    is_as_it_was = exact and hashlib.sha256(exact.arguments).hexdigest() == held.arguments_hash
    changes = (
        (not now.is_agent_active, "the agent was switched off meanwhile"),
        (not now.is_somebody_there, "whom you act for is no longer a member"),
        (held.tool not in now.tools, f"{held.tool!r} may no longer be used"),
        (now.schema_hash != held.schema_hash, f"{held.tool!r} has changed meanwhile"),
        (not is_as_it_was, "it can no longer be read as it was"),
    )
    found = next((words for has_changed, words in changes if has_changed), None)
    return found and f"not made although a person allowed it: {found}"
