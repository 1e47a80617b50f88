"""A desk with a scripted channel, and customers who write there."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.additions import Additions
from hexdesk.core.model.channels import (
    ChannelResponse,
    Inbound,
    InboundMessage,
    InboundRequest,
    Sender,
)
from hexdesk.core.model.chat import Message, Thread
from hexdesk.core.model.conversations import KeptInbound
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Task, TaskFilter, TaskStatus
from hexdesk.core.model.webhooks import DeliveryFilter, WebhookDelivery
from hexdesk.core.testing import Script, ScriptedChannel
from hexdesk.core.testing.channel_examples import ANN, a_message
from hexdesk.core.testing.examples import ALL
from hexdesk.core.testing.scripted_channel import SECRET
from hexdesk.core.use_cases.integrations import NewIntegration
from tests.unit.core.scenes import DEADLINE_SECONDS, Fakes, Scene
from tests.unit.core.tasks import do

OLDEST_FIRST = replace(ALL, sort="created_at")
BOB = Sender(external_id="bob", name="Bob", email="bob@example.com", is_verified=True)
NOBODY = Sender(external_id="ann", name="Ann", email="ann@example.com")
"""Somebody who claims to be Ann, and proves nothing."""


@dataclass(frozen=True, kw_only=True)
class Flock:
    """An organization that is reached by pigeons."""

    scene: Scene
    admin: Member
    channel: ScriptedChannel
    integration: Integration

    @classmethod
    async def of(
        cls,
        *scripts: Script,
        channel: ScriptedChannel | None = None,
        fakes: Fakes | None = None,
        settings: DeskSettings | None = None,
    ) -> "Flock":
        """Connect a channel; the scripts are those of the agent's answers."""
        channel = channel or ScriptedChannel()
        additions = Additions(channels=(channel,))
        scene = Scene.of(*scripts, fakes=fakes, settings=settings, additions=additions)
        admin = await scene.founder()
        integration = await connected(scene, admin)
        return cls(scene=scene, admin=admin, channel=channel, integration=integration)

    @property
    def who(self) -> System:
        """The desk itself."""
        return System(organization_id=self.admin.organization_id)

    async def post(self, *came: Inbound, **headers: str) -> ChannelResponse:
        """Bring messages as the other system does."""
        request = InboundRequest(
            headers={"secret": SECRET, **headers}, body=msgspec.json.encode(came)
        )
        receive = self.scene.desk.channels.receive
        return await receive(self.channel.name, self.integration.id, request)

    async def tell(self, *came: Inbound) -> None:
        """Bring messages, and do all there is to do about them."""
        assert (await self.post(*came)).status_code == 200
        await self.work()

    async def work(self) -> None:
        """Do every task that is due, and wait for the runs that are begun, until none is left."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while tasks := await self.due("channel_message", "channel_delivery"):
                for task in tasks:
                    await do(self.scene.desk.task_desk, task)
                await self.settle()

    def unload(self) -> Any:
        """Have the desk know no channels any more, as where a plugin is not loaded."""
        types: Any = self.scene.desk.channels.receive.channels.types
        return types.pop(self.channel.name)

    async def settle(self) -> None:
        """Wait until no run is being done."""
        for thread in await self.threads():
            async with self.scene.fakes.memory.transaction(self.who) as tx:
                run = await tx.runs.running_in(thread.id)
            if run:
                await self.scene.settle(run)
        await self.scene.desk.run_desk.unaccompanied()

    async def due(self, *types: str) -> list[Task]:
        """Return the tasks that can be done now."""
        async with self.scene.fakes.memory.transaction(self.who) as tx:
            wanted = TaskFilter(status=TaskStatus.QUEUED)
            found = (await tx.tasks.page(wanted, OLDEST_FIRST)).data
        now = self.scene.clock.now()
        ready = [one for one in found if one.ready_at <= now]
        return [one for one in ready if not types or one.task_type in types]

    async def threads(self) -> tuple[Thread, ...]:
        """Return the conversations there are, oldest first."""
        return (await self.scene.desk.chat.list_threads(self.admin, OLDEST_FIRST)).data

    async def thread(self) -> Thread:
        """Return the one conversation there is."""
        (one,) = await self.threads()
        return one

    async def messages(self, thread: Thread | None = None) -> tuple[Message, ...]:
        """Return what was said."""
        return await self.scene.messages(self.admin, thread or await self.thread())

    async def contents(self, thread: Thread | None = None) -> list[str]:
        """Return the texts of what was said."""
        return [one.content for one in await self.messages(thread)]

    async def deliveries(self) -> list[WebhookDelivery]:
        """Return what goes out, oldest first."""
        wanted = DeliveryFilter(integration_id=self.integration.id)
        list_deliveries = self.scene.desk.integrations.list_deliveries
        return list((await list_deliveries(self.admin, wanted, OLDEST_FIRST)).data)

    async def kept(self) -> list[KeptInbound]:
        """Return what came, as it is kept, in no order."""
        async with self.scene.fakes.memory.transaction(self.who) as tx:
            tasks = (await tx.tasks.page(TaskFilter(task_type="channel_message"), ALL)).data
            ids = [UUID(one.task_data["inbound_id"]) for one in tasks]
            return [await tx.inbounds.get(one) for one in ids]


async def connected(scene: Scene, admin: Member, loft: str = "tower") -> Integration:
    """Connect a loft."""
    wish = NewIntegration(type="pigeon", name="Loft", config={"loft": loft, "secret": SECRET})
    return await scene.desk.integrations.add(admin, wish)


def says(text: str, **fields: Any) -> InboundMessage:
    """Return a message of Ann's."""
    return a_message(**{"text": text, "sender": ANN, **fields})
