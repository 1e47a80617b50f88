"""What the OpenAPI document says of all calls alike."""

from typing import Any

from hexdesk.adapters.http.problems import KINDS, MEDIA_TYPE, OTHER_KINDS, TYPES, Kind
from hexdesk.adapters.http.schemas import REFERENCE

DESCRIPTION = """\
Customer support with AI agents that reach tools only through MCP.

Ids are UUIDv7 strings, times are RFC 3339 in UTC. Lists come in parts, with `limit`, `offset` and
`sort`; `total` is exact up to 10,000. Errors are `application/problem+json` (RFC 9457). Unknown
fields of a body and unknown query parameters are refused. A thing of another organization, or of
another member, is answered as if it did not exist."""

TAGS = {
    "Sign-in": "Signing up, in and out.",
    "Organization": "Your organization and what it has decided for all its agents.",
    "Members": "Who belongs to the organization.",
    "API keys": "Credentials for programs.",
    "Agents": "Agents, the tools they may be given, and what they did.",
    "Files": "Files, and which of them agents know.",
    "Chat": "Conversations with agents.",
    "Approvals": "Calls of agents that wait for a person.",
    "Tickets": "Tickets and their comments.",
    "Tasks": "Work that nobody waits for.",
    "Integrations": "Connected systems.",
    "Channels": "Where other systems bring messages of customers.",
    "Audit": "What was done and refused.",
    "System": "Health and metrics.",
}

SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token from signing in, or an API key (`hxd_…`).",
    }
}

REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY = "X-Request-ID", "RateLimit", "RateLimit-Policy"
RETRY_AFTER, CHALLENGE, ETAG = "Retry-After", "WWW-Authenticate", "ETag"
REPLAYED = "Idempotent-Replayed"
ALWAYS = (REQUEST_ID,)
LIMITED = (REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY)

_HEADERS = {
    REQUEST_ID: ("Names the request; your own if you sent one.", "0198a3f0-6d5a-7c31"),
    RATE_LIMIT: ("What remains of the rate, and for how many seconds.", '"user";r=599;t=60'),
    RATE_LIMIT_POLICY: ("The rate: so many in so many seconds.", '"user";q=600;w=60'),
    RETRY_AFTER: ("In how many seconds to try again.", "5"),
    CHALLENGE: ("How to authenticate.", 'Bearer realm="hexdesk"'),
    ETAG: ("The ticket's version.", '"3"'),
    REPLAYED: ("`true` if this is the first answer to the idempotency key.", "true"),
}
_OF_STATUS = {401: (CHALLENGE,), 429: (RETRY_AFTER,), 503: (RETRY_AFTER,)}


def header_components() -> dict[str, Any]:
    """Return every header that an answer can have."""
    return {
        name: {"description": description, "schema": {"type": "string"}, "example": example}
        for name, (description, example) in _HEADERS.items()
    }


def headers(names: tuple[str, ...]) -> dict[str, Any]:
    """Return references to headers of an answer."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problem_components() -> dict[str, Any]:
    """Return every problem as an answer, by its status."""
    by_status: dict[int, list[Kind]] = {}
    for kind in (*KINDS.values(), *OTHER_KINDS):
        if kind not in by_status.setdefault(kind.status, []):
            by_status[kind.status].append(kind)
    return {_name(status): _answer(status, kinds) for status, kinds in sorted(by_status.items())}


def problem(status: int) -> dict[str, Any]:
    """Return a reference to the problem of a status."""
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _name(status: int) -> str:
    return f"Problem{status}"


def _answer(status: int, kinds: list[Kind]) -> dict[str, Any]:
    content = {
        "schema": {"$ref": f"{REFERENCE}Problem"},
        "examples": {kind.slug: {"value": _example(kind)} for kind in kinds},
    }
    return {
        "description": "; ".join(kind.title for kind in kinds) + ".",
        "headers": headers(ALWAYS + _OF_STATUS.get(status, ())),
        "content": {MEDIA_TYPE: content},
    }


def _example(kind: Kind) -> dict[str, Any]:
    return {
        "type": TYPES + kind.slug,
        "title": kind.title,
        "status": kind.status,
        "detail": "…",
        "instance": "/api/v1/…",
        "request_id": "0198a3f0-6d5a-7c31",
    }
