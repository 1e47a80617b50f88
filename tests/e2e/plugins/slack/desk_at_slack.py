"""A desk that a workspace of Slack's is connected to, both on this machine."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from hexdesk.core.additions import Additions
from hexdesk.core.model.channels import InboundRequest
from hexdesk.core.testing import MemoryQueue, SteadyClock
from hexdesk_slack.channel import SlackChannel
from hexdesk_slack.configuration import SlackSettings
from tests.e2e.http.house import Company, House, a_house, created
from tests.slack.sent import SECRET
from tests.slack.server import CLIENT_ID, CLIENT_SECRET, TOKEN, SlackServer, slack_server
from tests.slack.workspace import APP, TEAM

INBOUND = "/api/v1/channels/slack"
DEADLINE_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAtSlack:
    """The desk, the company that has connected its workspace, and the workspace."""

    house: House
    company: Company
    server: SlackServer
    address: str = INBOUND

    async def sends(self, request: InboundRequest) -> httpx2.Response:
        """Bring something from Slack to the desk, and return what the desk says at once."""
        async with self.house.client() as slack:
            return await slack.post(self.address, content=request.body, headers=request.headers)

    async def work_until(self, is_so: Callable[[], bool]) -> None:
        """Do what is to be done until this is so."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not is_so():
                await self._work()

    async def work_off(self) -> None:
        """Do what is to be done now and within a minute."""
        for _ in range(60):
            await self._work()

    async def _work(self) -> None:
        desk, clock = self.house.desk, self.house.clock
        assert isinstance(clock, SteadyClock)
        queue = desk.ports.queue
        assert isinstance(queue, MemoryQueue)
        await desk.task_desk.sweep()
        hints, queue.announced = queue.announced, []
        for hint in hints:
            await desk.task_desk.do(hint)
        # A turn for the runs, which nobody waits for.
        await asyncio.sleep(0)
        await desk.run_desk.unaccompanied()
        clock.advance(1)


@asynccontextmanager
async def desk_at_slack(
    *, is_connected: bool = True, **changes: Any
) -> AsyncGenerator[DeskAtSlack]:
    """Open a desk with an app of Slack's, and connect a workspace to a company."""
    async with slack_server() as server:
        settings = SlackSettings(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            signing_secret=SECRET,
            base_url=server.base_url,
        )
        plugin = Additions(channels=(SlackChannel(),), channel_settings={"slack": settings})
        async with a_house(additions=plugin, **changes) as house:
            company, address = await house.company("acme"), INBOUND
            if is_connected:
                own = {"bot_token": TOKEN, "bot_user_id": APP, "signing_secret": SECRET}
                config = {"team_id": TEAM, **own}
                wish = {"type": "slack", "name": "Acme", "config": config}
                made = await created(company.admin, "/integrations", **wish)
                address = f"{INBOUND}/{made['id']}"
            yield DeskAtSlack(house=house, company=company, server=server, address=address)
            await company.close()
