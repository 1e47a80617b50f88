"""Rate limits: how many in which time, and how it stands."""

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """So many in a period; `name` is the policy's name in the answer's headers."""

    name: str
    limit: int
    period_seconds: int = 60


class Attempt(msgspec.Struct, frozen=True):
    """One thing counted against one rate: `subject` is whose bucket it falls into."""

    rate: Rate
    subject: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it may go on; the rest describes the rate that is closest to its limit."""

    is_allowed: bool
    rate: Rate
    remaining: int
    retry_after: float
    reset_after: float
