"""Calls to addresses that users configure."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class EgressAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side said, cut at the size limit."""

    status_code: int
    headers: dict[str, str]
    body: bytes


class CallTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What one call is content with; what is None is left to the adapter.

    With `answer_bytes` 0 the answer's body is not waited for.
    """

    seconds: float | None = None
    answer_bytes: int | None = None
    follows_redirects: bool = True


USUAL_TERMS = CallTerms()


class Egress(Protocol):
    """The one door to the outside for addresses that users configure.

    It refuses private, loopback and link-local networks unless the settings allow them, also
    behind a name or a redirect, and bounds time and size.
    """

    @abstractmethod
    def check(self, url: str) -> None:
        """Raise `EgressRefusedError` for an address that could never be called."""

    @abstractmethod
    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses that may be connected to, for what does not speak HTTP.

        Whoever connects goes to one of these and not to the name, which may mean another address a
        moment later. Raise `EgressRefusedError` for a host that may not be called, and
        `UnavailableError` for one that is not found.
        """

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        terms: CallTerms = USUAL_TERMS,
    ) -> EgressAnswer:
        """Post the body and return the answer; raise as `request` does."""
        return await self.request("POST", url, body, headers, terms=terms)

    @abstractmethod
    async def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        terms: CallTerms = USUAL_TERMS,
    ) -> EgressAnswer:
        """Make a request and return the answer, whatever its status code.

        Raise `EgressRefusedError` for an address that may not be called, `UnavailableError`
        when it cannot be reached, and `OutcomeUnknownError` when the request was sent and no answer
        came, in time or at all.
        """
