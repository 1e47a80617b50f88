"""Tools of plugins: what they are given, and that nobody suffers by what they do wrong."""

import logging
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hexdesk.core.additions import Additions
from hexdesk.core.errors import (
    EgressRefusedError,
    ForbiddenError,
    NotFoundError,
    ToolFailedError,
)
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.egress import Egress
from hexdesk.core.tools.context import ToolContext
from hexdesk.core.tools.tool import Tool, tool
from hexdesk.core.use_cases.comments import NewComment
from hexdesk.core.use_cases.integration_types import IntegrationType
from hexdesk.core.use_cases.integrations import NewIntegration
from hexdesk.core.use_cases.tickets import NewTicket, TicketChange
from tests.unit.core.scenes import Scene, customer_of


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: str


class Seen(msgspec.Struct, frozen=True):
    facts: dict[str, Any]


class ShopConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str
    key: str


class Shop(IntegrationType):
    name = "shop"
    config = ShopConfig
    secrets = frozenset({"key"})

    def address(self, config: Any) -> str | None:
        return str(config["url"])

    async def check(self, config: Any, http: Egress) -> tuple[int, str]:
        answer = await http.request("GET", config["url"])
        return answer.status_code, "the shop is open"


@tool
async def look_up(context: ToolContext, arguments: Order) -> Seen:
    """Look an order up."""
    systems = await context.integrations()
    return Seen(
        facts={
            "number": arguments.number,
            "settings": context.settings,
            "organization": str(context.organization_id),
            "thread": str(context.thread_id),
            "key": context.idempotency_key,
            "systems": [(one.name, one.config.key) for one in systems],
        }
    )


def desk_with(*tools: Tool) -> Scene:
    stamped = tuple(replace(one, source="shop", settings={"country": "se"}) for one in tools)
    own = {"shop": frozenset({"shop"}), "other": frozenset({"webhook"})}
    return Scene.of(additions=Additions(tools=stamped, integration_types=(Shop(),), own_types=own))


async def test_a_tool_is_given_whom_it_works_for_and_what_is_its_own() -> None:
    scene = desk_with(look_up)
    admin = await scene.founder()
    config = {"url": "https://shop.example", "key": "s3cret"}
    wish = NewIntegration(type="shop", name="Main street", config=config)
    await scene.desk.integrations.add(admin, wish)
    webhook = {"url": "https://hook.example"}
    await scene.desk.integrations.add(
        admin, NewIntegration(type="webhook", name="Not its own", config=webhook)
    )
    run = await scene.agent_run(admin, "look_up")

    answer = await scene.desk.call_tool(run, "look_up", {"number": "7"}, call_id="1")

    assert answer.value["facts"] == {
        "number": "7",
        "settings": {"country": "se"},
        "organization": str(admin.organization_id),
        "thread": str(run.thread_id),
        "key": f"{run.run_id}:1",
        "systems": [["Main street", "s3cret"]],
    }


async def test_a_members_own_call_has_no_thread_and_is_not_repeated() -> None:
    scene = desk_with(look_up)
    admin = await scene.founder()

    answer = await scene.desk.call_tool(admin, "look_up", {"number": "7"})

    assert (answer.value["facts"]["thread"], answer.value["facts"]["key"]) == ("None", None)


async def test_customers_have_no_tools_of_plugins() -> None:
    scene = desk_with(look_up)
    admin = await scene.founder()

    answer = await scene.desk.call_tool(customer_of(admin), "look_up", {"number": "7"})

    assert answer.is_denied


async def test_arguments_that_do_not_fit_are_told_to_the_model() -> None:
    scene = desk_with(look_up)
    admin = await scene.founder()

    answer = await scene.desk.call_tool(admin, "look_up", {"nummer": "7"})

    assert (answer.error or "").startswith("wrong arguments for look_up")


@tool(destructive=True, in_transaction=True)
async def use_tickets(context: ToolContext, arguments: Order) -> Seen:
    """Do all that can be done with tickets."""
    made = await context.tickets.create(NewTicket(title=arguments.number))
    await context.tickets.change(made.number, TicketChange(title="Changed"))
    remark = await context.tickets.comment(made.id, NewComment(body="Seen."))
    found = await context.tickets.find(TicketFilter(query="changed"))
    read = await context.tickets.get(made.number)
    context.log.info("tickets used", name=read.title, count=found.total)
    context.log.warning("tickets used")
    context.log.error("tickets used")
    return Seen(facts={"title": read.title, "found": found.total, "remark": remark.body})


async def test_a_tool_uses_the_desks_tickets_as_the_person_may(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = desk_with(use_tickets)
    admin = await scene.founder()
    caplog.set_level(logging.INFO)

    answer = await scene.desk.call_tool(admin, "use_tickets", {"number": "7"})

    assert answer.value["facts"] == {"title": "Changed", "found": 1, "remark": "Seen."}
    told = [record for record in caplog.records if record.name == "hexdesk.plugins.shop"]
    assert [record.levelname for record in told] == ["INFO", "WARNING", "ERROR"]
    assert vars(told[0])["data"] == {"name": "Changed", "count": 1}
    assert vars(told[0])["organization_id"] == str(admin.organization_id)


def raising(error: BaseException) -> Tool:
    @tool(read_only=True)
    async def misbehave(context: ToolContext, arguments: Order) -> Seen:
        """Go wrong."""
        raise error

    return misbehave


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ToolFailedError("no such order"), "no such order"),
        (NotFoundError("no such ticket"), "no such ticket"),
        (ForbiddenError("you may not"), "you may not"),
        (EgressRefusedError("not from here"), "not from here"),
        (RuntimeError("a secret of theirs"), "misbehave failed"),
        (MemoryError(), "misbehave failed"),
        (SystemExit(1), "misbehave failed"),
        (TimeoutError(), "misbehave failed"),
    ],
)
async def test_whatever_a_tool_raises_is_an_answer_in_words(
    error: BaseException, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    scene = desk_with(raising(error))
    admin = await scene.founder()

    answer = await scene.desk.call_tool(admin, "misbehave", {"number": "7"})

    assert (answer.error, answer.is_denied) == (words, False)
    assert ("tool failed" in caplog.messages) == (words == "misbehave failed")


async def test_a_result_that_is_no_json_is_a_failure_of_the_tool() -> None:
    @tool
    async def odd(context: ToolContext, arguments: Order) -> object:
        """Return what nobody can read."""
        return object()

    scene = desk_with(odd)
    admin = await scene.founder()

    answer = await scene.desk.call_tool(admin, "odd", {"number": "7"})

    assert answer.error == "odd failed"


async def test_what_is_slow_is_prepared_before_a_transaction_is_open() -> None:
    async def ask(context: ToolContext, arguments: Order) -> Order:
        await context.http.post("https://shop.example", b"")
        return Order(number=f"{arguments.number}!")

    @tool(prepare=ask)
    async def note_order(context: ToolContext, arguments: Order) -> Seen:
        """Note an order."""
        return Seen(facts={"number": arguments.number})

    scene = desk_with(note_order)
    admin = await scene.founder()

    answer = await scene.desk.call_tool(admin, "note_order", {"number": "7"})

    assert answer.value["facts"] == {"number": "7!"}


async def test_a_bare_tool_needs_the_right_to_use_plugins_and_is_called_outside_transactions() -> (
    None
):
    assert (look_up.right, look_up.in_transaction) == (Right.USE_PLUGIN_TOOLS, False)
    assert look_up.description == "Look an order up."


async def test_an_integration_of_a_plugins_type_is_checked_by_it() -> None:
    scene = desk_with(look_up)
    admin = await scene.founder()
    config = {"url": "https://shop.example", "key": "s3cret"}
    made = await scene.desk.integrations.add(
        admin, NewIntegration(type="shop", name="Main street", config=config)
    )
    assert made.config["key"] == "********"

    check = await scene.desk.integrations.check(admin, made.id)

    assert (check.ok, check.detail) == (True, "the shop is open")
    [asked] = scene.fakes.egress.posted
    assert (asked.method, asked.url) == ("GET", "https://shop.example")
