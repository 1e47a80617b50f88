"""Putting the desk together."""

from hexdesk.core.assembly import on_storage
from hexdesk.core.testing.examples import ALL
from hexdesk.core.use_cases.tickets import NewTicket
from tests.unit.core.scenes import Fakes, Scene


async def test_the_same_desk_on_another_storage_keeps_its_runs_and_tools_apart_from_effects() -> (
    None
):
    scene, elsewhere = Scene.of(), Fakes.new()
    moved = on_storage(scene.desk, elsewhere.storage)
    assert moved.run_desk is scene.desk.run_desk
    assert moved.tools is scene.desk.tools
    who = await scene.founder()
    await moved.tickets.create(who, NewTicket(title="Elsewhere"))
    assert (await scene.desk.tickets.stats(who)).total == 0
    assert (await moved.tickets.stats(who)).total == 1
    assert (await scene.desk.agents.list(who, ALL)).total == 1


def test_a_desk_has_the_built_in_tools() -> None:
    assert set(Scene.of().desk.tools) == {
        "create_ticket", "create_ticket_with_ai", "get_ticket", "update_ticket", "delete_ticket",
        "update_ticket_status", "assign_ticket", "search_tickets", "list_tickets",
        "get_ticket_stats", "list_integrations", "get_active_integrations", "get_system_health",
    }  # fmt: skip
