"""The example of a tool plugin does as its README says."""

import msgspec
import pytest

from hexdesk.core.errors import DeskError, UnavailableError
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.testing import ToolBench
from hexdesk_orders import hexdesk_integration_types, hexdesk_settings, hexdesk_tools
from hexdesk_orders.settings import OrderSettings

URL = "https://shop.example/api"
ORDER = {"number": "A-7", "status": "packed", "items": ["lamp"]}


def said(status_code: int, body: object = None) -> EgressAnswer:
    return EgressAnswer(status_code=status_code, headers={}, body=msgspec.json.encode(body))


async def bench(*answers: EgressAnswer | DeskError) -> ToolBench:
    return await ToolBench.of(
        tuple(hexdesk_tools()),
        settings=OrderSettings(seconds=3),
        types=tuple(hexdesk_integration_types()),
        answers=answers,
    )


async def test_an_order_is_looked_up_in_the_companys_shop() -> None:
    desk = await bench(said(200, ORDER))
    await desk.connect("shop", url=URL, api_key="s3cret")

    answer = await desk.call("find_order", number="A-7")

    assert answer.value == ORDER
    (request,) = desk.egress.posted
    assert (request.method, request.url) == ("GET", f"{URL}/orders/A-7")
    assert request.headers == {"authorization": "Bearer s3cret"}
    assert (request.terms.seconds, request.terms.follows_redirects) == (3, False)


async def test_an_order_is_cancelled_in_the_companys_shop() -> None:
    desk = await bench(said(200, ORDER | {"status": "cancelled"}))
    await desk.connect("shop", url=URL, api_key="s3cret")

    answer = await desk.call("cancel_order", number="A-7")

    assert answer.value["status"] == "cancelled"
    assert desk.egress.posted[0].url == f"{URL}/orders/A-7/cancel"


@pytest.mark.parametrize(
    ("tool", "outcome", "words"),
    [
        ("find_order", said(404), "there is no order 'A-7'"),
        ("find_order", said(500), "the shop answered 500"),
        ("find_order", said(302), "the shop answered 302"),
        ("find_order", said(200, ["no order"]), "the shop's answer cannot be read"),
        ("find_order", UnavailableError("it cannot be reached"), "it cannot be reached"),
        ("cancel_order", said(409), "order 'A-7' can no longer be cancelled"),
    ],
)
async def test_what_goes_wrong_is_told_to_the_model(
    tool: str, outcome: EgressAnswer | DeskError, words: str
) -> None:
    desk = await bench(outcome)
    await desk.connect("shop", url=URL, api_key="s3cret")

    assert (await desk.call(tool, number="A-7")).error == words


async def test_without_a_shop_the_model_is_told_who_can_help() -> None:
    desk = await bench()

    answer = await desk.call("find_order", number="A-7")

    assert "an admin adds an integration of type 'shop'" in (answer.error or "")


@pytest.mark.parametrize("number", ["", "../keys", "A 7", "A-7?all=1"])
async def test_a_number_leads_nowhere_but_to_an_order(number: str) -> None:
    desk = await bench()
    await desk.connect("shop", url=URL, api_key="s3cret")

    answer = await desk.call("find_order", number=number)

    assert (answer.error or "").startswith("wrong arguments for find_order")
    assert desk.egress.posted == []


async def test_a_shop_is_asked_for_a_sign_of_life() -> None:
    desk = await bench(said(200))
    (shop,) = hexdesk_integration_types()
    config = {"url": URL, "api_key": "s3cret"}

    assert shop.address(config) == URL
    assert await shop.check(config, desk.egress) == (200, "the shop answered 200")


def test_an_operator_decides_how_long_a_shop_is_waited_for() -> None:
    (settings,) = hexdesk_settings()

    assert settings.struct() == OrderSettings(seconds=5)
