"""Calls with another company's things, and all that a company can be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx2

from tests.e2e.isolation.companies import ID, Company
from tests.e2e.isolation.routes import CASES

ELSEWHERE = {"slug": "not-found", "name": "nothing.js"}


@dataclass(frozen=True)
class Exchanged:
    """What was sent, and what was answered."""

    sent: str
    answer: httpx2.Response

    @property
    def told(self) -> str:
        """Return the answer as a text, its headers too."""
        return f"{self.answer.headers.multi_items()}\n{self.answer.text}"

    @property
    def form(self) -> tuple[int, str]:
        """Return what does not depend on the ids that were sent, or on the moment."""
        return self.answer.status_code, ID.sub("an id", self.answer.text)

    def leaked(self, theirs: Company) -> set[str]:
        """Return what was told of a company's own that the caller had not said itself."""
        return theirs.known_in(self.told) - theirs.known_in(self.sent)


async def make(client: httpx2.AsyncClient, route: str, names: Mapping[str, Any]) -> Exchanged:
    """Make the call of a route with these names."""
    method, template = route.split(" ", 1)
    path = template.format(**names, **ELSEWHERE)
    case = CASES[route]
    body = filled(case.body, names)
    files = {"file": ("mine.txt", b"mine", "text/plain")} if case.uploads else None
    answer = await client.request(method, path, json=body, files=files)
    return Exchanged(f"{path} {body}", answer)


def filled(value: Any, names: Mapping[str, Any]) -> Any:
    """Return the value with names in place of the words in braces."""
    if isinstance(value, str):
        return value.format(**names)
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        return {key: filled(one, names) for key, one in parts.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in cast("list[Any]", value)]
    return value


async def everything_of(company: Company) -> dict[str, str]:
    """Return all that the company's admin can be shown; the company notes the ids in it."""
    shown: dict[str, str] = {}
    for route, case in CASES.items():
        if route.startswith("GET ") and not case.is_public:
            exchanged = await make(company.admin, route, company.names)
            assert exchanged.answer.status_code == 200, (route, exchanged.answer.text)
            shown[route] = "" if case.is_new else exchanged.answer.text
            company.note(exchanged.answer.text)
    return shown
