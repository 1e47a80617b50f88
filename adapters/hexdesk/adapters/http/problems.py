"""What went wrong, told as RFC 9457 asks."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from msgspec import UNSET, UnsetType

from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.rate_limits import policy_header, rate_headers
from hexdesk.core.errors import (
    BusyError,
    ConflictError,
    DeskError,
    ForbiddenError,
    GoneError,
    IdempotencyMismatchError,
    InvalidError,
    NotFoundError,
    RateLimitedError,
    ThreadTakenOverError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedFileError,
)
from hexdesk.core.model.chat import RunFailure
from hexdesk.core.use_cases.sign_in import SignInRefusedError

MEDIA_TYPE = "application/problem+json"
TYPES = "/docs/problems/"
SECONDS_TO_RETRY = 1
UNAUTHENTICATED = 401
CHALLENGE = 'Bearer realm="hexdesk"'
IS_WRONG = ', error="invalid_token"'

log = structlog.get_logger("hexdesk.http")


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One value that breaks a rule: where it is (RFC 6901), and what is wrong with it."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong; `allowed` says what would have been allowed instead."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: tuple[Mistake, ...] | UnsetType = UNSET
    allowed: tuple[str, ...] | UnsetType = UNSET


class Kind(msgspec.Struct, frozen=True):
    """A kind of problem: its status, the end of its type, and its title."""

    status: int
    slug: str
    title: str


NOT_FOUND = Kind(404, "not-found", "There is no such thing")
TOO_LARGE = Kind(413, "too-large", "The body is too large")
UNSUPPORTED = Kind(415, "unsupported-media-type", "The body is of another type than expected")
INTERNAL = Kind(500, "internal", "Something went wrong on our side")

KINDS: Mapping[type[DeskError], Kind] = {
    UnauthenticatedError: Kind(401, "unauthenticated", "Credentials are missing or not valid"),
    ForbiddenError: Kind(403, "forbidden", "You may not do this"),
    NotFoundError: NOT_FOUND,
    ConflictError: Kind(409, "conflict", "The request does not fit the present state"),
    ThreadTakenOverError: Kind(
        409, "thread-taken-over", "A person has taken the conversation over"
    ),
    BusyError: Kind(409, "busy", "It is being worked on"),
    GoneError: Kind(410, "gone", "It is no longer kept"),
    TooLargeError: TOO_LARGE,
    UnsupportedFileError: UNSUPPORTED,
    InvalidError: Kind(422, "invalid", "A value breaks a rule"),
    IdempotencyMismatchError: Kind(
        422, "idempotency-mismatch", "The idempotency key was used for another request"
    ),
    RateLimitedError: Kind(429, "rate-limited", "Too many requests"),
    UnavailableError: Kind(503, "unavailable", "Temporarily unavailable"),
}
"""The one table from what can go wrong at the desk to how HTTP says it."""

MALFORMED = Kind(400, "malformed", "The request is malformed")
OTHER_KINDS = (
    MALFORMED,
    Kind(405, "method-not-allowed", "The method is not allowed here"),
    TOO_LARGE,
    UNSUPPORTED,
    INTERNAL,
)
"""What goes wrong before the desk is asked, or on our side."""

BY_STATUS = {kind.status: kind for kind in (NOT_FOUND, *OTHER_KINDS)}


def on_desk_error(request: Request[Any, Any, Any], error: DeskError) -> Response[Problem]:
    """Answer what the desk refused; what no caller should ever see counts as unexpected."""
    kind = next((KINDS[one] for one in type(error).__mro__ if one in KINDS), None)
    if kind is None:
        return on_unexpected(request, error)
    more: dict[str, Any] = {}
    if isinstance(error, InvalidError) and not isinstance(error, IdempotencyMismatchError):
        more["errors"] = (Mistake(pointer=error.pointer, detail=str(error)),)
    if isinstance(error, ConflictError) and error.allowed is not None:
        more["allowed"] = error.allowed
    return _answer(request, kind, str(error), _headers(request, error), **more)


def refused(request: Request[Any, Any, Any], status: int, detail: str) -> Response[Problem]:
    """Answer what somebody else's code refused, with a status of the class 4xx."""
    kinds = (kind for kind in (*KINDS.values(), *OTHER_KINDS) if kind.status == status)
    kind = next(kinds, Kind(status, MALFORMED.slug, MALFORMED.title))
    headers = {"www-authenticate": CHALLENGE} if kind.status == UNAUTHENTICATED else {}
    return _answer(request, kind, detail, headers)


def failed_run(request: Request[Any, Any, Any], failure: RunFailure) -> Problem:
    """Return the problem that the stream of a failed run ends with."""
    kinds = {kind.slug: kind for kind in KINDS.values()}
    kind = kinds.get(failure.reason, INTERNAL)
    return _problem(request, kind, failure.detail)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Answer what was refused before the desk was asked: an unknown path, a body too large."""
    kind = BY_STATUS.get(error.status_code, INTERNAL)
    if kind is INTERNAL:
        return on_unexpected(request, error)
    headers = error.headers or {}
    detail = error.detail
    match error:
        case NotFoundException():
            detail = f"there is nothing at {request.scope['path']!r}"
        case MethodNotAllowedException():
            detail = f"allowed are {headers['allow']}"
        case ValidationException():
            detail = "the call needs a JSON body"
        case RequestEntityTooLarge():
            detail = "the body is too large"
        case _:
            pass
    return _answer(request, kind, detail, headers)


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer a mistake of ours: the trace goes to the log, once, and nowhere else."""
    log.error("request failed", exc_info=error)
    return _answer(request, INTERNAL, "the request could not be carried out", {})


EXCEPTION_HANDLERS: dict[
    int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]
] = {
    DeskError: on_desk_error,
    HTTPException: on_http_exception,
    Exception: on_unexpected,
}


def _answer(
    request: Request[Any, Any, Any],
    kind: Kind,
    detail: str,
    headers: Mapping[str, str],
    **more: Any,
) -> Response[Problem]:
    problem = _problem(request, kind, detail, **more)
    return Response(problem, status_code=kind.status, media_type=MEDIA_TYPE, headers=headers)


def _problem(request: Request[Any, Any, Any], kind: Kind, detail: str, **more: Any) -> Problem:
    return Problem(
        type=TYPES + kind.slug,
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=request.scope["path"],
        request_id=Exchange.of(request.scope).request_id,
        **more,
    )


def _headers(request: Request[Any, Any, Any], error: DeskError) -> dict[str, str]:
    match error:
        case SignInRefusedError():
            return {"www-authenticate": CHALLENGE, **_standing(error)}
        case UnauthenticatedError():
            # RFC 6750: who sent no token is not told that it is wrong.
            is_wrong = "authorization" in request.headers
            return {"www-authenticate": CHALLENGE + (IS_WRONG if is_wrong else "")}
        case BusyError():
            return {"retry-after": str(SECONDS_TO_RETRY)}
        case RateLimitedError():
            policy = policy_header(error.policy, error.limit, error.period_seconds)
            return {
                "retry-after": str(error.retry_after),
                "ratelimit-policy": policy,
                "ratelimit": f'"{error.policy}";r=0;t={error.retry_after}',
            }
        case UnavailableError():
            return {"retry-after": str(error.retry_after)}
        case _:
            return {}


def _standing(error: SignInRefusedError) -> dict[str, str]:
    return rate_headers(error.verdict) if error.verdict else {}
