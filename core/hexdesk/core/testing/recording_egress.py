"""Calls to the outside that go nowhere and are remembered."""

from collections.abc import Mapping, Sequence

import msgspec

from hexdesk.core.errors import DeskError, EgressRefusedError
from hexdesk.core.ports.egress import USUAL_TERMS, CallTerms, Egress, EgressAnswer


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A request that went out."""

    url: str
    body: bytes
    headers: dict[str, str] = {}
    terms: CallTerms = USUAL_TERMS


class RecordingEgress(Egress):
    """Records what is posted; answers as told, in order, and then with 200 and no body.

    Addresses in `refused` may not be called; every other host is this machine.
    """

    def __init__(self, *answers: EgressAnswer | DeskError) -> None:
        self.posted: list[Posted] = []
        self.refused: set[str] = set()
        self._answers = list(answers)

    def check(self, url: str) -> None:
        if url in self.refused:
            raise EgressRefusedError(f"{url!r} may not be called from here")

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        terms: CallTerms = USUAL_TERMS,
    ) -> EgressAnswer:
        self.check(url)
        self.posted.append(Posted(url=url, body=body, headers=dict(headers or {}), terms=terms))
        answer = self._answers.pop(0) if self._answers else _EMPTY
        if isinstance(answer, DeskError):
            raise answer
        return answer

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.check(f"{host}:{port}")
        return ("127.0.0.1",)


_EMPTY = EgressAnswer(status_code=200, headers={}, body=b"")
