"""The shop that a company connects."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from hexdesk.core import Egress, IntegrationType


class ShopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the shop's interface is, and the key to it."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://\S+[^/\s]$", max_length=500)]
    api_key: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Shop(IntegrationType):
    """A shop that answers `GET {url}/orders/{number}`."""

    name = "shop"
    config = ShopConfig
    secrets = frozenset({"api_key"})

    def address(self, config: Mapping[str, Any]) -> str | None:
        """Return the shop's own address."""
        return str(config["url"])

    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        """Ask for the shop's health."""
        answer = await http.request(
            "GET", f"{config['url']}/health", headers=headers_of(config["api_key"])
        )
        return answer.status_code, f"the shop answered {answer.status_code}"


def headers_of(api_key: str) -> dict[str, str]:
    """Return what every request to a shop carries."""
    return {"authorization": f"Bearer {api_key}", "accept": "application/json"}
