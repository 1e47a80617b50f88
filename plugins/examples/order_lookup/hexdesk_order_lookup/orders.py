"""Orders, as agents look them up."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from hexdesk.core import ToolContext, ToolFailedError, tool
from hexdesk_order_lookup.shop import headers_of


class OrderNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which order is meant."""

    number: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9-]{1,40}$",
            description="As it stands in the confirmation, such as A-1001.",
        ),
    ]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order, as the shop knows it."""

    number: str
    status: str
    items: tuple[str, ...] = ()


@tool(read_only=True)
async def find_order(context: ToolContext, arguments: OrderNumber) -> Order:
    """Say how far an order in the company's shop is, and what is in it."""
    shops = await context.integrations()
    if not shops:
        raise ToolFailedError("no shop is connected")
    shop = shops[0].config
    answer = await context.http.request(
        "GET", f"{shop.url}/orders/{arguments.number}", headers=headers_of(shop.api_key)
    )
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise ToolFailedError(f"the shop has no order {arguments.number}")
    if answer.status_code != HTTPStatus.OK:
        context.log.warning("shop refused", status_code=answer.status_code)
        raise ToolFailedError("the shop could not be asked just now")
    try:
        return msgspec.json.decode(answer.body, type=Order)
    except msgspec.MsgspecError as error:
        raise ToolFailedError("the shop answered something that is no order") from error
