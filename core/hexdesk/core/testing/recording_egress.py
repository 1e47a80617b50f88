"""Calls to the outside that go nowhere and are remembered."""

from collections.abc import Mapping, Sequence

import msgspec

from hexdesk.core.errors import DeskError, EgressRefusedError
from hexdesk.core.ports.egress import USUAL_TERMS, CallTerms, Egress, EgressAnswer


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A request that went out."""

    method: str = "POST"
    url: str
    body: bytes
    headers: dict[str, str] = {}
    terms: CallTerms = USUAL_TERMS


class RecordingEgress(Egress):
    """Records what is asked for; answers as told, in order, and then with 200 and no body.

    Addresses and hosts in `refused` may not be called; every other host has the address 192.0.2.1.
    """

    def __init__(self, *answers: EgressAnswer | DeskError) -> None:
        self.posted: list[Posted] = []
        self.refused: set[str] = set()
        self._answers = list(answers)

    def check(self, url: str) -> None:
        if url in self.refused:
            raise EgressRefusedError(f"{url!r} may not be called from here")

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.check(host)
        return ("192.0.2.1",)

    async def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        terms: CallTerms = USUAL_TERMS,
    ) -> EgressAnswer:
        self.check(url)
        sent = dict(headers or {})
        self.posted.append(Posted(method=method, url=url, body=body, headers=sent, terms=terms))
        answer = self._answers.pop(0) if self._answers else _EMPTY
        if isinstance(answer, DeskError):
            raise answer
        return answer


_EMPTY = EgressAnswer(status_code=200, headers={}, body=b"")
