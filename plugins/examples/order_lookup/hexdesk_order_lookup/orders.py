"""Orders, as agents look them up and cancel them."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from hexdesk.core import EgressAnswer, ToolContext, ToolFailedError, tool
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
    answer = await _asked(context, "GET", f"/orders/{arguments.number}")
    return _order(context, answer, arguments.number)


@tool(destructive=True)
async def cancel_order(context: ToolContext, arguments: OrderNumber) -> Order:
    """Cancel an order that was not sent yet. It cannot be taken back."""
    answer = await _asked(context, "POST", f"/orders/{arguments.number}/cancel")
    if answer.status_code == HTTPStatus.CONFLICT:
        raise ToolFailedError(f"order {arguments.number} can no longer be cancelled")
    return _order(context, answer, arguments.number)


async def _asked(context: ToolContext, method: str, path: str) -> EgressAnswer:
    shops = await context.integrations()
    if not shops:
        raise ToolFailedError("no shop is connected")
    shop = shops[0].config
    headers = headers_of(shop.api_key)
    if context.idempotency_key:
        # A run that goes on after a crash calls again: the shop then cancels once all the same.
        headers["idempotency-key"] = context.idempotency_key
    return await context.http.request(method, f"{shop.url}{path}", headers=headers)


def _order(context: ToolContext, answer: EgressAnswer, number: str) -> Order:
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise ToolFailedError(f"the shop has no order {number}")
    if answer.status_code != HTTPStatus.OK:
        context.log.warning("shop refused", status_code=answer.status_code)
        raise ToolFailedError("the shop could not be asked just now")
    try:
        return msgspec.json.decode(answer.body, type=Order)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ToolFailedError("the shop answered something that is no order") from error
