"""What holds of a call: who may make it, how it is limited, and what it may answer."""

from enum import StrEnum
from typing import Any, cast

import msgspec
from litestar.types import Scope

from hexdesk.core.policy.rights import Right

PLACE = "call"


class Once(StrEnum):
    """What an idempotency key does for a call.

    `ANSWER` keeps the answer together with the effects; `RUN` keeps the run that will answer,
    which the use case does itself.
    """

    ANSWER = "answer"
    RUN = "run"


class HeaderParameter(msgspec.Struct, frozen=True, kw_only=True):
    """A request header that a call reads."""

    name: str
    description: str
    pattern: str
    example: str | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What admission and the OpenAPI document need to know of a call.

    `right` None is what every member has. `is_public` needs no credentials. `query` is the Struct
    of its query parameters. `registers` counts
    against the rate of registrations; what is not `is_limited` counts against none. `also` are
    the statuses that this call can answer beside those that follow from the rest. `example` is a
    body, `answers` what it answers where the handler's annotation cannot say so, `when_down` what
    it answers with 503 in place of a problem. One that `streams` can answer with events, one that
    `uploads` takes a form with a file in place of JSON, one that `is_raw` whatever comes, up to
    `most_bytes`.
    """

    right: Right | None = None
    is_public: bool = False
    registers: bool = False
    query: type[msgspec.Struct] | None = None
    once: Once | None = None
    also: tuple[int, ...] = ()
    headers: tuple[HeaderParameter, ...] = ()
    answer_headers: tuple[str, ...] = ()
    example: Any = None
    answers: Any = None
    streams: bool = False
    uploads: bool = False
    is_raw: bool = False
    most_bytes: int | None = None
    when_down: Any = None
    is_limited: bool = True

    def __deepcopy__(self, memo: dict[int, Any]) -> "Call":
        # Litestar copies each handler with all it holds, and this never changes.
        return self


def call(right: Right | None = None, **details: Any) -> dict[str, Any]:
    """Return the `opt` of a route handler that says what holds of its call."""
    return {PLACE: Call(right=right, **details)}


def call_of(scope: Scope) -> Call | None:
    """Return what holds of the call at hand; None where Litestar answers by itself."""
    return cast("Call | None", scope["route_handler"].opt.get(PLACE))
