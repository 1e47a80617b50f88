"""Tools of every kind that are as they should be."""

from typing import Any

import msgspec
import pytest

from hexdesk.core import EgressAnswer, NewTicket, Tool, ToolContext, tool
from hexdesk.core.testing import ToolBench
from hexdesk.core.testing.tools_contract import ToolContract
from hexdesk_order_lookup import hexdesk_integration_types
from hexdesk_order_lookup.orders import cancel_order, find_order

ORDER = {"number": "A-1001", "status": "packed", "items": ["kettle"]}


class Remark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class Opened(msgspec.Struct, frozen=True):
    number: int


@tool(in_transaction=True)
async def open_ticket(context: ToolContext, arguments: Remark) -> Opened:
    """Open a ticket about a remark."""
    made = await context.tickets.create(NewTicket(title=arguments.text))
    return Opened(number=made.number)


class ShopToolContract(ToolContract):
    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"number": "A-1001"}

    @pytest.fixture
    async def bench(self, tool: Tool) -> ToolBench:
        answer = EgressAnswer(status_code=200, headers={}, body=msgspec.json.encode(ORDER))
        types = tuple(hexdesk_integration_types())
        bench = await ToolBench.of((tool,), types=types, answers=(answer,))
        await bench.connect("shop", url="https://shop.example/api", api_key="a-key-of-the-shop")
        return bench


class TestFindOrder(ShopToolContract):
    @pytest.fixture
    def tool(self) -> Tool:
        return find_order


class TestCancelOrder(ShopToolContract):
    @pytest.fixture
    def tool(self) -> Tool:
        return cancel_order


class TestOpenTicket(ToolContract):
    @pytest.fixture
    def tool(self) -> Tool:
        return open_ticket

    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"text": "The kettle is cold."}

    @pytest.fixture
    async def bench(self) -> ToolBench:
        return await ToolBench.of((open_ticket,))
