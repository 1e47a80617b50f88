"""A desk in a process of its own with the plugin installed, and a Slack that it calls."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from hexdesk.core.model.channels import InboundRequest
from tests.e2e.resilience.apart import apart, made_ready
from tests.e2e.resilience.client import API, PATIENCE_SECONDS, Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.slack.sent import SECRET, event, mention, message
from tests.slack.server import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    TOKEN,
    SlackServer,
    slack_server,
)
from tests.slack.workspace import APP, CHANNEL

SLACK_WAITS_SECONDS = 3
NUMBERS = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace of the test's own, connected to an organization of the test's own."""

    admin: Member
    server: SlackServer
    team: str

    def ts(self) -> str:
        """Return when the next message is written: never twice, since all share one Slack."""
        return f"{int(time.time())}.{next(NUMBERS):06}"

    def mention(self, text: str, ts: str, **fields: Any) -> InboundRequest:
        """Return the event of a mention that begins a thread."""
        said = {"text": f"<@{APP}> {text}", "ts": ts, **fields}
        return mention(**said, team=self.team, at=time.time())

    def message(self, text: str, ts: str, **fields: Any) -> InboundRequest:
        """Return the event of a direct message."""
        return message(text, ts=ts, team=self.team, at=time.time(), **fields)

    def event(self, **fields: Any) -> InboundRequest:
        """Return any event."""
        return event(**fields, team=self.team, at=time.time())

    async def sends(self, request: InboundRequest) -> httpx2.Response:
        """Bring it to the desk, and wait for what it says no longer than Slack does."""
        url = f"{self.admin.url}{API}/channels/slack"
        async with asyncio.timeout(SLACK_WAITS_SECONDS):
            return await self.admin.http.post(url, content=request.body, headers=request.headers)

    def answers(self, root: str, channel: str = CHANNEL) -> list[str]:
        """Return what the app has posted into a thread."""
        return [one.text for one in self.server.workspace.answers(channel, root)]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; Slack hears of whatever may make it so."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_so():
                self.server.heard.clear()
                await self.server.heard.wait()

    async def answered(self, root: str, channel: str = CHANNEL) -> list[str]:
        """Wait until the thread has an answer, and return what the app has posted there."""
        await self.until(lambda: bool(self.answers(root, channel)))
        return self.answers(root, channel)


@pytest.fixture(scope="session")
async def slack() -> AsyncGenerator[SlackServer]:
    """Slack, for all workspaces."""
    async with slack_server() as server:
        yield server


@pytest.fixture(scope="session")
async def slack_model() -> AsyncGenerator[Model]:
    """A model that the process asks."""
    model = Model()
    async with model.server:
        yield model


@pytest.fixture
def model(slack_model: Model) -> Iterator[Model]:
    """The same, without what an earlier test told it."""
    yield slack_model
    slack_model.forget()


@pytest.fixture(scope="session")
async def shared_desk(
    postgres_server: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    slack: SlackServer,
    slack_model: Model,
) -> AsyncGenerator[Hexdesk]:
    """Return the one desk that tests kill in turn."""
    database = await asyncio.to_thread(made_ready, postgres_server, "slack")
    folder: Path = tmp_path_factory.mktemp("slack")
    settings = {
        "HEXDESK_SLACK_CLIENT_ID": CLIENT_ID,
        "HEXDESK_SLACK_CLIENT_SECRET": CLIENT_SECRET,
        "HEXDESK_SLACK_SIGNING_SECRET": SECRET,
        "HEXDESK_SLACK_BASE_URL": slack.base_url,
        "HEXDESK_WORKER_CONCURRENCY": "8",
    }
    process = apart("api", folder, database, slack_model, **settings)
    async with running(process):
        yield process


@pytest.fixture
async def desk(shared_desk: Hexdesk) -> Hexdesk:
    """Return a running desk, whatever the test before left of it."""
    if not shared_desk.is_running:
        await shared_desk.start()
    return shared_desk


@pytest.fixture
async def http() -> AsyncGenerator[httpx2.AsyncClient]:
    """Return a client that keeps no connection, since its server comes and goes."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(
        trust_env=False, verify=False, limits=limits, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.fixture
async def workspace(desk: Hexdesk, http: httpx2.AsyncClient, slack: SlackServer) -> Workspace:
    """Return a workspace that an admin has connected by signing in at Slack."""
    admin = await Member.register(http, desk.url)
    team = f"T{uuid4().hex.upper()}"
    slack.installed = {
        "access_token": TOKEN,
        "bot_user_id": APP,
        "team": {"id": team, "name": "Acme"},
    }
    slack.workspace.people["U1"] = {
        "id": "U1",
        "team_id": team,
        "is_email_confirmed": True,
        "profile": {"email": "ann@customer.example", "display_name": "Ann"},
    }
    address = (await admin.get("/channels/slack/install"))["url"]
    [state] = parse_qs(urlsplit(str(address)).query)["state"]
    back = f"{desk.url}{API}/channels/slack/installed"
    page = await http.get(back, params={"state": state, "code": CODE})
    fields: list[tuple[str, str]] = re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
    done = await http.post(back, data=dict(fields))
    assert done.status_code == 200, done.text
    return Workspace(admin=admin, server=slack, team=team)
