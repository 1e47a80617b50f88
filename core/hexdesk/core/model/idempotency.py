"""Idempotency: a request that was answered once is not carried out again."""

from datetime import datetime
from uuid import UUID

import msgspec


class IdempotencyKey(msgspec.Struct, frozen=True, kw_only=True):
    """One caller's key for one request; the organization is the transaction's."""

    caller: str
    method: str
    path: str
    key: str
    body_hash: bytes


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The first answer to a key: a response, or the run that gives it."""

    body_hash: bytes
    status: int | None = None
    headers: dict[str, str] = {}
    body: bytes = b""
    run_id: UUID | None = None
    created_at: datetime
