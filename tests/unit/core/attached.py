"""An attached server for tests: a shop with a tool that reads and one that destroys."""

from typing import Any

from hexdesk.core.model.attached_tools import ToolDefinition
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import Member
from hexdesk.core.testing.attached_examples import CANCEL, LOOK_UP
from hexdesk.core.use_cases.integrations import NewIntegration
from tests.unit.core.scenes import Scene

URL = "https://shop.example.com/mcp"
LOOK_UP_NAME, CANCEL_NAME = "shop__look_up", "shop__cancel"


def shop(name: str = "Shop", **config: Any) -> NewIntegration:
    """Return what a shop's server is attached by."""
    return NewIntegration(type="mcp", name=name, config={"url": URL} | config)


def says(scene: Scene, *tools: ToolDefinition) -> None:
    """Have the shop's server show these tools."""
    scene.fakes.servers.tools[URL] = tools


async def attach(scene: Scene, admin: Member, **config: Any) -> Integration:
    """Attach the shop, and have its tools kept."""
    says(scene, LOOK_UP, CANCEL)
    integration = await scene.desk.integrations.add(admin, shop(**config))
    await scene.desk.integrations.check(admin, integration.id)
    return integration
