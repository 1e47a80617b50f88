"""A company's shop, connected as an integration of the type `shop`."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from hexdesk.core import CallTerms, Egress, IntegrationType

MOST_BYTES = 64 * 1024


class ShopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a shop is, and the key that opens it."""

    url: Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^https?://[^\s?#]+$")]
    api_key: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Shop(IntegrationType):
    """A shop that is asked over HTTP."""

    name = "shop"
    config: type[msgspec.Struct] = ShopConfig
    secrets = frozenset({"api_key"})

    def address(self, config: Mapping[str, Any]) -> str | None:
        return str(config["url"])

    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        shop = msgspec.convert(config, ShopConfig)
        answer = await http.request("GET", shop.url, headers=authorized(shop))
        return answer.status_code, f"the shop answered {answer.status_code}"


def authorized(shop: ShopConfig) -> dict[str, str]:
    """Return the headers by which a shop knows whom it talks to."""
    return {"authorization": f"Bearer {shop.api_key}"}


def terms(seconds: float) -> CallTerms:
    """Return what one call may take; the key goes to the shop and nowhere else."""
    return CallTerms(seconds=seconds, answer_bytes=MOST_BYTES, follows_redirects=False)
