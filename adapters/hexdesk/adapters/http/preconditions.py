"""Conditional changes: a ticket's version as its entity tag."""

import re
from typing import Any

from litestar import Request, Response

from hexdesk.adapters.http.calls import HeaderParameter
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.tickets import Ticket

ANY = "*"
IF_MATCH = HeaderParameter(
    name="If-Match",
    description="The version that is to be changed, as `ETag` told it; a stale one is 409.",
    example='"3"',
    pattern=r'^(\*|"[1-9][0-9]{0,17}")$',
)
TAG = re.compile(r'"([1-9][0-9]{0,17})"')


def tagged(ticket: Ticket) -> Response[Ticket]:
    """Answer with a ticket and its version."""
    return Response(ticket, headers={"etag": f'"{ticket.version}"'})


def expected_version(request: Request[Any, Any, Any]) -> int | None:
    """Return the version that the caller means to change, or None for whichever there is."""
    values = request.headers.getall(IF_MATCH.name, [])
    if values in ([], [ANY]):
        return None
    tag = TAG.fullmatch(", ".join(values))
    if not tag:
        raise InvalidError('the If-Match header must be one version in quotes, as in "3"')
    return int(tag[1])
