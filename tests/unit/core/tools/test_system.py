"""Tools for integrations and for the system's health."""

from typing import Any

from hexdesk.core.model.principals import Member
from hexdesk.core.use_cases.integrations import IntegrationChange, NewIntegration
from tests.unit.core.scenes import Scene

WEBHOOK = NewIntegration(
    type="webhook",
    name="Alerts",
    config={"url": "https://example.com/hook", "secret": "unguessable"},
)


async def called(scene: Scene, who: Member, name: str) -> Any:
    answer = await scene.desk.call_tool(who, name, {})
    assert answer.error is None
    return answer.value


async def test_integrations_are_listed_with_their_secrets_masked(
    scene: Scene, admin: Member, user: Member
) -> None:
    off = await scene.desk.integrations.add(admin, WEBHOOK)
    await scene.desk.integrations.change(admin, off.id, IntegrationChange(is_active=False))
    on = await scene.desk.integrations.add(admin, WEBHOOK)
    everything = await called(scene, user, "list_integrations")
    assert everything["total"] == 2
    assert "unguessable" not in str(everything)
    active = await called(scene, user, "get_active_integrations")
    assert [one["id"] for one in active["data"]] == [str(on.id)]


async def test_whoever_may_is_told_how_the_system_does(scene: Scene, user: Member) -> None:
    health = await called(scene, user, "get_system_health")
    assert health == {"status": "ok", "version": "0", "components": {}}
