"""The tools: what an agent can do about an order."""

from typing import Annotated

import msgspec

from hexdesk.core import EgressAnswer, ToolContext, ToolFailedError, tool
from hexdesk_orders.shop import ShopConfig, authorized, terms

OK, NOT_FOUND, CONFLICT = 200, 404, 409


class OrderRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which order."""

    number: Annotated[
        str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,40}$", description="as on the receipt")
    ]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the shop tells it."""

    number: str
    status: str
    items: tuple[str, ...] = ()


@tool(read_only=True)
async def find_order(context: ToolContext, arguments: OrderRef) -> Order:
    """Look up an order in the company's shop: what was ordered and how far it is."""
    answer = await _ask(context, "GET", f"/orders/{arguments.number}")
    return _order(answer, arguments.number)


@tool(destructive=True)
async def cancel_order(context: ToolContext, arguments: OrderRef) -> Order:
    """Cancel an order that was not sent yet. It cannot be taken back."""
    answer = await _ask(context, "POST", f"/orders/{arguments.number}/cancel")
    if answer.status_code == CONFLICT:
        raise ToolFailedError(f"order {arguments.number!r} can no longer be cancelled")
    return _order(answer, arguments.number)


async def _ask(context: ToolContext, method: str, path: str) -> EgressAnswer:
    """Ask the shop; errors of the network are told to the model by the desk."""
    connected = [one.config for one in await context.integrations()]
    if not connected:
        raise ToolFailedError("no shop is connected: an admin adds an integration of type 'shop'")
    shop: ShopConfig = connected[0]
    headers = authorized(shop)
    if context.idempotency_key:
        # A run that goes on after a crash calls again: the shop then cancels once all the same.
        headers["idempotency-key"] = context.idempotency_key
    url = shop.url.rstrip("/") + path
    call_terms = terms(context.settings.seconds)
    answer = await context.http.request(method, url, headers=headers, terms=call_terms)
    context.log.info("shop asked", method=method, status_code=answer.status_code)
    return answer


def _order(answer: EgressAnswer, number: str) -> Order:
    if answer.status_code == NOT_FOUND:
        raise ToolFailedError(f"there is no order {number!r}")
    if answer.status_code != OK:
        raise ToolFailedError(f"the shop answered {answer.status_code}")
    try:
        return msgspec.json.decode(answer.body, type=Order)
    except msgspec.DecodeError as error:
        raise ToolFailedError("the shop's answer cannot be read") from error
