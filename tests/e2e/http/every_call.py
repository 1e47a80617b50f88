"""Every call that the OpenAPI document knows."""

import json
from dataclasses import dataclass
from typing import Any

import httpx2

from hexdesk.adapters.http.app import describe

DOCUMENT: dict[str, Any] = json.loads(describe("1"))


@dataclass(frozen=True)
class Known:
    """A call as the document tells of it."""

    name: str
    method: str
    path: str
    operation: dict[str, Any]

    @property
    def is_public(self) -> bool:
        """Whether it needs no credentials."""
        return self.operation["security"] == []

    @property
    def parameters(self) -> list[str]:
        """The names of the ids in its path."""
        return [one["name"] for one in self.operation["parameters"] if one["in"] == "path"]

    @property
    def example(self) -> Any:
        """A body that it takes."""
        content = self.operation.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example", {})

    @property
    def takes_form(self) -> bool:
        """Whether it takes a form with a file in place of JSON."""
        return "multipart/form-data" in self.operation.get("requestBody", {}).get("content", {})

    async def by(
        self, client: httpx2.AsyncClient, ids: dict[str, str], **options: Any
    ) -> httpx2.Response:
        """Make the call."""
        return await client.request(self.method, self.path.format(**ids), **options)


CALLS = [
    Known(operation["operationId"], method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
