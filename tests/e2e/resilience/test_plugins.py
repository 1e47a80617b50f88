"""Plugins of strangers in a running installation: those that help, and those that do harm."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest

from tests.database import Database
from tests.e2e.hexdesk_up import HEXDESK, environment
from tests.e2e.resilience.apart import apart
from tests.e2e.resilience.client import Answer, Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.openai_server import Bench
from tests.unit.adapters.plugins.installing import install

TROUBLE = """
    import asyncio
    import os
    import msgspec
    from hexdesk.core import ToolContext, hookimpl, tool

    class Nothing(msgspec.Struct, frozen=True):
        pass

    @tool
    async def end_process(context: ToolContext, arguments: Nothing) -> Nothing:
        '''End the process that calls this.'''
        os._exit(7)

    @tool
    async def hang(context: ToolContext, arguments: Nothing) -> Nothing:
        '''Wait for what never comes.'''
        await asyncio.Event().wait()
        return arguments

    @tool
    async def stumble(context: ToolContext, arguments: Nothing) -> Nothing:
        '''Go wrong.'''
        raise RuntimeError('a secret of theirs')

    @hookimpl
    def hexdesk_tools():
        return (end_process, hang, stumble)
"""
BROKEN = "raise RuntimeError('postgresql://u:hunter2@h/db is down')"
TOOLS = ["end_process", "hang", "stumble", "find_order", "create_ticket"]
ANSWER = "That is all I know."
Helper = tuple[Member, str]


class House:
    """An API, a tool server, and a folder of plugins that both have on their path."""

    def __init__(self, api: Hexdesk, tools: Hexdesk, plugins: Path, shop: str) -> None:
        self.api = api
        self.tools = tools
        self.plugins = plugins
        self.shop = shop

    async def ask(self, model: Model, member: Member, agent_id: str, tool: str) -> Answer:
        """Have an agent call a tool, and answer."""
        said = f"please {tool}"
        arguments = {"number": "A-1001"} if tool == "find_order" else {}
        model.when(said, Bench(tool=tool, arguments=arguments, text=ANSWER))
        return await member.say(await member.thread(agent_id), said)


class _Shop(BaseHTTPRequestHandler):
    """A shop that knows one order, and whoever has the key."""

    def do_GET(self) -> None:
        is_known = self.headers["authorization"] == "Bearer k3y"
        found = self.path in {"/orders/A-1001", "/health"}
        self.send_response(200 if is_known and found else 404 if is_known else 401)
        self.end_headers()
        if is_known and found:
            order = {"number": "A-1001", "status": "on its way", "items": ["kettle"]}
            self.wfile.write(json.dumps(order).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called
        pass


@contextmanager
def a_shop() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
async def house(
    desk_database: Database, process_folder: Path, model: Model
) -> AsyncGenerator[House]:
    plugins = process_folder / "plugins"
    plugins.mkdir()
    install(plugins, "trouble", TROUBLE)
    install(plugins, "broken", BROKEN)
    settings = {
        "PYTHONPATH": str(plugins),
        "HEXDESK_TOOL_TIMEOUT": "1",
        "HEXDESK_EGRESS_ALLOW_PRIVATE": "true",
    }
    tools = apart("mcp", process_folder / "plugin-mcp", desk_database, model, **settings)
    api = apart(
        "api",
        process_folder / "plugin-api",
        desk_database,
        model,
        HEXDESK_MCP_URL=f"{tools.url}/mcp",
        **settings,
    )
    with a_shop() as shop:
        async with running(api, tools):
            yield House(api, tools, plugins, shop)


@pytest.fixture
async def ann(house: House, http: httpx2.AsyncClient) -> Member:
    return await Member.register(http, house.api.url)


@pytest.fixture
async def helper(ann: Member) -> Helper:
    """A member, and an agent that has all of the plugins' tools."""
    wish: dict[str, Any] = {"name": "Helper", "tools_enabled": TOOLS, "require_approval": []}
    made = await ann.call("POST", "/agents", wish)
    assert made.status == 201, made.body
    return ann, made.body["id"]


async def test_tools_of_plugins_are_listed_with_who_brings_them(ann: Member) -> None:
    listed = (await ann.get("/tools?limit=200"))["data"]

    sources = {one["name"]: one["source"] for one in listed}
    assert (sources["hang"], sources["find_order"]) == ("trouble", "order_lookup")
    assert sources["create_ticket"] == "builtin"


async def test_a_plugins_tool_asks_the_companys_own_system(
    house: House, helper: Helper, model: Model, http: httpx2.AsyncClient
) -> None:
    ann, agent_id = helper
    without = await house.ask(model, ann, agent_id, "find_order")
    assert without.body["tools_used"][0]["error"] == "no shop is connected"
    config = {"url": house.shop, "api_key": "k3y"}
    made = await ann.call("POST", "/integrations", {"type": "shop", "name": "S", "config": config})
    assert (made.status, made.body["config"]["api_key"]) == (201, "********")
    check = await ann.call("POST", f"/integrations/{made.body['id']}/test")
    assert check.body["ok"]

    answer = await house.ask(model, ann, agent_id, "find_order")

    (use,) = answer.body["tools_used"]
    assert (use["name"], use["status"]) == ("find_order", "ok")
    last = model.requests("please find_order")[-1]
    assert "on its way" in str(last.messages[-1]["content"])
    # Another company has no shop, and none of this one's.
    bob = await Member.register(http, house.api.url)
    theirs = await bob.call("POST", "/agents", {"name": "H", "tools_enabled": TOOLS})
    elsewhere = await house.ask(model, bob, theirs.body["id"], "find_order")
    assert elsewhere.body["tools_used"][0]["error"] == "no shop is connected"


@pytest.mark.parametrize(
    ("tool", "error"),
    [("stumble", "stumble failed"), ("hang", "hang did not answer within 1 s")],
)
async def test_a_tool_that_raises_or_hangs_is_told_to_the_model_and_the_chat_goes_on(
    house: House, helper: Helper, model: Model, tool: str, error: str
) -> None:
    ann, agent_id = helper
    answer = await house.ask(model, ann, agent_id, tool)

    (use,) = answer.body["tools_used"]
    assert (answer.status, use["status"], use["error"]) == (201, "error", error)
    assert answer.content == ANSWER
    assert "a secret of theirs" not in str(answer.body)
    assert ("a secret of theirs" in house.tools.end_of_log()) or tool == "hang"


async def test_a_tool_that_ends_its_process_takes_the_tool_server_along_and_not_the_chat(
    house: House, helper: Helper, model: Model
) -> None:
    ann, agent_id = helper
    answer = await house.ask(model, ann, agent_id, "end_process")

    assert answer.status == 201
    assert ANSWER in answer.content
    assert not house.tools.is_running
    assert house.api.is_running
    await house.tools.start()
    async with asyncio.timeout(60):
        while (await house.ask(model, ann, agent_id, "stumble")).body["degraded"]:
            pass


async def test_a_broken_plugin_is_named_and_the_desk_runs_without_it(house: House) -> None:
    health = await house.api.health()

    assert health["components"]["plugins"]["status"] == "degraded"
    # Anybody may ask, so nothing is told of what the plugin's code says.
    assert health["components"]["plugins"]["detail"] == "broken: it cannot be imported"


async def told(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [HEXDESK, *arguments],
        env=environment({"PYTHONPATH": str(house.plugins)}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_command_line_shows_what_is_installed_and_what_became_of_it(house: House) -> None:
    listed = json.loads((await told(house, "plugins", "--json")).stdout)["plugins"]
    shown = json.loads((await told(house, "plugins", "show", "trouble", "--json")).stdout)
    doctor = json.loads((await told(house, "doctor", "--json")).stdout)["findings"]

    statuses = {one["name"]: one["status"] for one in listed}
    assert (statuses["broken"], statuses["trouble"]) == ("quarantined", "loaded")
    assert shown["brings"] == {"tools": ["end_process", "hang", "stumble"]}
    found = [one["found"] for one in doctor if one["subject"] == "plugin"]
    [broken] = [one for one in found if one.startswith("broken 1.0 is quarantined: it cannot be")]
    assert "hunter2" in broken
    assert (await told(house, "plugins", "show", "nobody")).returncode == 1


async def test_where_plugins_are_strict_none_may_be_broken(
    house: House, process_folder: Path
) -> None:
    refused = await told(
        house, "up", "--strict-plugins", "--data-dir", str(process_folder / "strict"), "--no-demo"
    )

    assert refused.returncode == 1
    assert "a plugin is broken, and none may be: broken: it cannot be imported" in refused.stderr
