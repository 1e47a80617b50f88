"""The company's ticket system: four calls over HTTP, each about one organization."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import httpx2
import msgspec
from msgspec import Meta
from msgspec.structs import replace

from hexdesk.core import (
    ConflictError,
    DeskError,
    InvalidError,
    NotFoundError,
    OutcomeUnknownError,
    Priority,
    Ticket,
    TicketStatus,
    UnavailableError,
)
from hexdesk.core.model.identity import Email
from hexdesk.core.model.tickets import Category, Description, Tags, Title

AwareTime = Annotated[datetime, Meta(tz=True)]
REFUSALS: Mapping[int, tuple[type[DeskError], str]] = {
    HTTPStatus.CONFLICT: (ConflictError, "the ticket has been changed in the meantime"),
    HTTPStatus.PRECONDITION_FAILED: (
        ConflictError,
        "the ticket has been changed in the meantime: read it again",
    ),
    HTTPStatus.GONE: (NotFoundError, "the ticket has been removed"),
    HTTPStatus.BAD_REQUEST: (InvalidError, "the ticket system does not take this"),
    HTTPStatus.UNPROCESSABLE_ENTITY: (InvalidError, "the ticket system does not take this"),
}


class SystemTicket(msgspec.Struct, frozen=True, kw_only=True):
    """What the system decides about a ticket, in the state that `etag` stands for."""

    id: UUID
    organization_id: UUID
    etag: Annotated[str, Meta(min_length=1, max_length=200)]
    title: Title
    description: Description = ""
    status: TicketStatus
    priority: Priority
    category: Category | None = None
    tags: Tags = ()
    requester_email: Email | None = None
    updated_at: AwareTime
    resolved_at: AwareTime | None = None

    def fits(self, ticket: Ticket) -> bool:
        """Tell whether the desk's ticket says the same."""
        return all(getattr(self, name) == getattr(ticket, name) for name in DECIDED_THERE)

    def onto(self, ticket: Ticket) -> Ticket:
        """Return the desk's ticket in its next version, which says what is said here."""
        decided = {name: getattr(self, name) for name in DECIDED_THERE}
        return replace(ticket, version=ticket.version + 1, **decided)


DECIDED_THERE = tuple(
    name for name in SystemTicket.__struct_fields__ if name not in {"id", "organization_id", "etag"}
)


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    tickets: tuple[SystemTicket, ...]
    removed: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSystem:
    """One organization's tickets over there; each call ends within so many seconds.

    Every call raises `UnavailableError` when the system cannot be used, and what changes something
    raises `OutcomeUnknownError` when it may have been done all the same.
    """

    http: httpx2.AsyncClient
    seconds: float
    organization_id: UUID

    async def find(self, ids: Sequence[UUID]) -> dict[UUID, SystemTicket | None]:
        """Return the tickets by their ids; None for one that has been removed over there."""
        if not ids:
            return {}
        answer = await self._ask("POST", "/lookup", {"ids": ids}, is_change=False)
        try:
            found = msgspec.json.decode(answer.content, type=_Found)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnavailableError("the ticket system answered what are no tickets") from error
        known: dict[UUID, SystemTicket | None] = dict.fromkeys(found.removed)
        # Whatever the system mixes up, nobody is shown another company's ticket.
        known |= {
            one.id: one for one in found.tickets if one.organization_id == self.organization_id
        }
        for ticket_id in ids:
            if ticket_id not in known:
                # Not taken for removed: that would empty the desk if the address were wrong.
                raise UnavailableError(f"the ticket system does not know ticket {ticket_id!s}")
        return {ticket_id: known[ticket_id] for ticket_id in ids}

    async def create(self, ticket: Ticket) -> str:
        """Open the ticket and return its etag; raise `ConflictError` if it is there."""
        return _etag(await self._put(ticket, {"if-none-match": "*"}))

    async def change(self, ticket: Ticket, etag: str) -> str:
        """Change the ticket and return its new etag; raise `ConflictError` for another state."""
        return _etag(await self._put(ticket, {"if-match": etag}))

    async def remove(self, ticket_id: UUID) -> None:
        """Remove the ticket, if it is there."""
        await self._ask("DELETE", f"/{ticket_id!s}")

    async def _put(self, ticket: Ticket, headers: Mapping[str, str]) -> httpx2.Response:
        return await self._ask("PUT", f"/{ticket.id!s}", ticket, headers)

    async def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        is_change: bool = True,
    ) -> httpx2.Response:
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self.http.request(
                    method,
                    f"/organizations/{self.organization_id!s}/tickets{path}",
                    content=None if body is None else msgspec.json.encode(body),
                    headers={"content-type": "application/json", **(headers or {})},
                )
        except httpx2.ConnectError as error:
            raise UnavailableError("the ticket system cannot be reached") from error
        except (httpx2.HTTPError, TimeoutError) as error:
            kind = OutcomeUnknownError if is_change else UnavailableError
            raise kind("the ticket system did not answer") from error
        is_away = answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
        if answer.is_success or (method == "DELETE" and is_away):
            return answer
        told = f"the ticket system answered {answer.status_code}"
        error, message = REFUSALS.get(answer.status_code, (UnavailableError, told))
        raise error(message)


def _etag(answer: httpx2.Response) -> str:
    etag = answer.headers.get("etag")
    if not etag:
        raise OutcomeUnknownError("the ticket system did not say what became of the ticket")
    return etag
