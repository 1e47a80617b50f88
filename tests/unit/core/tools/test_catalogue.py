"""Which tools there are, and what they say of themselves."""

import pytest

from hexdesk.core.model.principals import Member, Principal
from hexdesk.core.tools.catalogue import BUILTIN, catalogue
from hexdesk.core.tools.tickets import get_ticket
from hexdesk.core.tools.tool import Tool
from tests.unit.core.scenes import Scene, customer_of


def test_tools_are_found_by_their_names_in_order() -> None:
    assert list(catalogue()) == [one.name for one in BUILTIN]
    assert len(BUILTIN) == 13


def test_two_tools_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two tools are named 'get_ticket'"):
        catalogue((get_ticket, get_ticket))


def test_only_deleting_is_destructive() -> None:
    assert [one.name for one in BUILTIN if one.destructive] == ["delete_ticket"]


def test_tools_that_get_list_or_search_are_read_only_and_no_others() -> None:
    reading = {one.name for one in BUILTIN if one.read_only}
    assert reading == {
        one.name for one in BUILTIN if one.name.startswith(("get_", "list_", "search_"))
    }


@pytest.mark.parametrize("tool", BUILTIN, ids=lambda one: one.name)
def test_every_tool_says_what_it_does_and_what_it_takes(tool: Tool) -> None:
    assert tool.description.endswith(".")
    schema = tool.input_schema()
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    assert tool.output_schema()["type"] == "object"


def test_definitions_that_a_schema_refers_to_come_with_it() -> None:
    schema = catalogue()["update_ticket_status"].input_schema()
    assert schema["properties"]["status"] == {"$ref": "#/$defs/TicketStatus"}
    assert set(schema["$defs"]) == {"TicketStatus"}
    assert "$defs" not in catalogue()["get_ticket"].input_schema()


def test_finding_tickets_takes_the_fields_of_the_api() -> None:
    fields = {
        "status", "priority", "category", "tag", "assignee_id", "created_from", "created_to",
        "sort", "limit", "offset",
    }  # fmt: skip
    assert set(catalogue()["list_tickets"].input_schema()["properties"]) == fields
    search = catalogue()["search_tickets"].input_schema()
    assert set(search["properties"]) == fields | {"query"}
    assert search["required"] == ["query"]
    limit = search["properties"]["limit"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 20)


async def test_everybody_is_shown_the_tools_they_may_call(
    scene: Scene, admin: Member, user: Member
) -> None:
    async def shown(who: Principal) -> set[str]:
        return {one.name for one in await scene.desk.callable_tools(who)}

    everything = set(catalogue())
    assert await shown(admin) == everything
    assert await shown(user) == everything - {"delete_ticket"}
    run = await scene.agent_run(user, "get_ticket", "delete_ticket")
    assert await shown(run) == {"get_ticket"}
    verified = await scene.agent_run(customer_of(admin, "cy@example.com"), *everything)
    assert await shown(verified) == {
        "create_ticket",
        "get_ticket",
        "search_tickets",
        "list_tickets",
    }
    unverified = await scene.agent_run(customer_of(admin), *everything)
    assert await shown(unverified) == {"create_ticket"}


async def test_tools_that_wait_for_a_person_are_shown_too(scene: Scene, admin: Member) -> None:
    waiting = frozenset({"delete_ticket"})
    run = await scene.agent_run(admin, "get_ticket", needs_approval=waiting)
    shown = [one.name for one in await scene.desk.callable_tools(run)]
    assert shown == ["get_ticket", "delete_ticket"]
