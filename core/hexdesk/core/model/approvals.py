"""Approvals: tool calls that wait for a person, and what was decided about them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec

Note = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, pattern=r"[^\s\x1c-\x1f\x85]")]


class ApprovalStatus(StrEnum):
    """Whether a person has decided; all but the first are final."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One exact tool call that waits, or waited, for a person.

    `arguments` are shown to be decided on, with the values of fields that are named like secrets
    redacted; `arguments_hash` is the SHA-256 of the exact ones as JSON with sorted keys and no
    insignificant blanks. `resumed_run_id` is the run that the decision began.
    """

    id: UUID
    thread_id: UUID
    run_id: UUID
    agent_id: UUID
    tool: str
    arguments: dict[str, Any]
    arguments_hash: str
    status: ApprovalStatus = ApprovalStatus.PENDING
    expires_at: datetime
    created_at: datetime
    decided_by_id: UUID | None = None
    decided_at: datetime | None = None
    resumed_run_id: UUID | None = None


class HeldCall(Approval, frozen=True, kw_only=True):
    """An approval with all that is needed to make the call once it is decided.

    `call_id` names the call in the run that asked. `schema_hash` is that of the tool's arguments
    at that time. `sealed` holds the exact arguments and how far the run was, encrypted.
    """

    call_id: str
    schema_hash: str
    note: str | None = None
    sealed: bytes

    def shown(self) -> Approval:
        """Return what may be shown of it."""
        return Approval(**{name: getattr(self, name) for name in Approval.__struct_fields__})


class ExactCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a held call seals: the arguments as canonical JSON, and the runner's own steps."""

    arguments: bytes
    steps: bytes


class ApprovedCall(msgspec.Struct, frozen=True, kw_only=True):
    """The one call that a person has allowed a run to make."""

    call_id: str
    tool: str
    arguments_hash: str


class ApprovalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which approvals are asked for; what is None does not matter."""

    status: ApprovalStatus | None = None
    thread_id: UUID | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person decides about a call; the note is told to the agent."""

    approve: bool
    note: Note | None = None
