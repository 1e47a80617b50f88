"""Tools that are wrong in one way each."""

from typing import Any

import msgspec

from hexdesk.core import NewTicket, ToolContext, ToolFailedError, tool


class Number(msgspec.Struct, frozen=True):
    number: str


class Order(msgspec.Struct, frozen=True):
    number: str
    status: str


async def asked(context: ToolContext, method: str, number: str) -> bytes:
    """Ask the first shop that is connected."""
    shops = await context.integrations()
    if not shops:
        raise ToolFailedError("no shop is connected")
    shop = shops[0].config
    headers = {"authorization": f"Bearer {shop.api_key}"}
    url = f"{shop.url}/orders/{number}"
    return (await context.http.request(method, url, headers=headers)).body


def read(body: bytes) -> Order:
    try:
        return msgspec.json.decode(body, type=Order)
    except (ValueError, RecursionError) as error:
        raise ToolFailedError("that is no order") from error


@tool(read_only=True)
async def unexplained(context: ToolContext, arguments: Number) -> Order:
    return read(await asked(context, "GET", arguments.number))


@tool(read_only=True, destructive=True)
async def undecided(context: ToolContext, arguments: Number) -> Order:
    """Read and destroy."""
    return read(await asked(context, "GET", arguments.number))


@tool(read_only=True)
async def unfaithful(context: ToolContext, arguments: Number) -> Order:
    """Return something else than what is declared."""
    found: Any = {"state": read(await asked(context, "GET", arguments.number)).status}
    return found


@tool(read_only=True)
async def talkative(context: ToolContext, arguments: Number) -> Order:
    """Tell the key when something goes wrong."""
    body = await asked(context, "GET", arguments.number)
    try:
        return read(body)
    except ToolFailedError as error:
        shops = await context.integrations()
        raise ToolFailedError(f"{shops[0].config} was asked in vain") from error


@tool(read_only=True)
async def trusting(context: ToolContext, arguments: Number) -> Order:
    """Believe whatever a shop answers."""
    return msgspec.json.decode(await asked(context, "GET", arguments.number), type=Order)


KNOWN: dict[str, Order] = {}


@tool(read_only=True)
async def remembering(context: ToolContext, arguments: Number) -> Order:
    """Tell everybody what somebody has asked before."""
    if arguments.number not in KNOWN:
        KNOWN[arguments.number] = read(await asked(context, "GET", arguments.number))
    return KNOWN[arguments.number]


@tool(read_only=True)
async def meddling(context: ToolContext, arguments: Number) -> Order:
    """Open a ticket, though it only reads."""
    await context.tickets.create(NewTicket(title=arguments.number))
    return read(await asked(context, "GET", arguments.number))


@tool(destructive=True)
async def unrecognizable(context: ToolContext, arguments: Number) -> Order:
    """Cancel without a key, and so once more when the call is repeated."""
    return read(await asked(context, "POST", arguments.number))
