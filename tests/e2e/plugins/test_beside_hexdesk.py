"""Plugins in a running desk, from wheels: a type of files, and tools that a person must allow."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from hexdesk.adapters.extraction.sandbox import bundled_ocr
from tests.beside import Beside
from tests.e2e.resilience.client import Member
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk, running
from tests.integration.local_server import LocalServer, local_server, response
from tests.integration.postgres.waiting import until
from tests.openai_server import Bench

PATIENCE_SECONDS = 60
SUBTITLES = "1\n00:00:01,000 --> 00:00:02,000\nThe zeppelin is warranted for seven years.\n"
ORDER = {"number": "A-7", "status": "cancelled", "items": ["lamp"]}
PROJECT = """
[project]
name = "hexdesk-subtitles"
version = "1.0"
dependencies = ["hexdesk-core"]

[project.entry-points.hexdesk]
subtitles = "hexdesk_subtitles"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
CODE = """
from hexdesk.core import ExtractedDocument, ExtractionError, Section, TextExtractor, hookimpl


def read(content: bytes) -> ExtractedDocument:
    if b"-->" not in content:
        raise ExtractionError("there is nothing to be seen in this film")
    lines = content.decode().splitlines()[2:]
    return ExtractedDocument(sections=(Section(text="\\n".join(lines)),))


@hookimpl
def hexdesk_text_extractors():
    return (
        TextExtractor(
            name="SRT",
            content_type="application/x-subrip",
            extensions=("srt",),
            reader="hexdesk_subtitles:read",
        ),
    )
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that root's embedded database may live in, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def beside(folder: Path) -> Beside:
    """An environment with the plugin of subtitles, from its wheel."""
    project = folder / "subtitles"
    (project / "hexdesk_subtitles").mkdir(parents=True)
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (project / "hexdesk_subtitles" / "__init__.py").write_text(CODE, encoding="utf-8")
    beside = Beside.made(folder / "venv")
    beside.install(project)
    return beside


@pytest.fixture(scope="module")
async def model() -> AsyncGenerator[Model]:
    """The model that the desk asks."""
    model = Model()
    async with model.server:
        yield model


@pytest.fixture(scope="module")
async def desk(folder: Path, beside: Beside, model: Model) -> AsyncGenerator[Hexdesk]:
    """The whole desk, as it runs where the plugin is installed."""
    settings = {
        "HEXDESK_EGRESS_ALLOW_PRIVATE": "true",
        "HEXDESK_TESSDATA_DIR": bundled_ocr().tessdata,
        **model.settings,
    }
    up = Hexdesk("up", folder / "up", settings, str(beside.hexdesk))
    async with running(up):
        yield up


@pytest.fixture
async def member(desk: Hexdesk) -> AsyncGenerator[Member]:
    async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as http:
        yield await Member.register(http, desk.url)


async def sent(member: Member, name: str, content: str) -> httpx2.Response:
    """Send a file that the oldest agent is to know."""
    agent = (await member.get("/agents"))["data"][0]
    return await member.http.post(
        f"{member.url}/api/v1/files",
        files={"file": (name, content.encode())},
        data={"agent_id": agent["id"]},
        headers={"Authorization": f"Bearer {member.token}"},
    )


async def read(member: Member, name: str, content: str) -> dict[str, object]:
    """Send a file, and return it once it has been read or given up."""
    answer = await sent(member, name, content)
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            file = await member.get(f"/files/{answer.json()['id']}")
            if file["status"] in {"ready", "failed"}:
                return file
            await asyncio.sleep(0.05)


async def test_a_file_of_a_plugins_type_is_read_and_told_to_the_model(
    member: Member, model: Model
) -> None:
    question = "For how long is the zeppelin warranted?"
    model.when(question, Bench(tool="no_tool", text="For seven years."))

    file = await read(member, "film.srt", SUBTITLES)

    assert (file["status"], file["content_type"]) == ("ready", "application/x-subrip")
    answer = await member.say(await member.thread(), question)
    assert answer.content == "For seven years."
    (request,) = model.requests(question)
    assert "The zeppelin is warranted for seven years." in str(request.messages)


async def test_what_the_plugins_reader_refuses_is_told_of_the_file(member: Member) -> None:
    file = await read(member, "film.srt", "no film\n")

    assert file["status"] == "failed"
    assert "there is nothing to be seen in this film" in str(file)


async def test_a_type_that_no_plugin_reads_is_refused(member: Member) -> None:
    assert (await sent(member, "film.vtt", SUBTITLES)).status_code == 415


@pytest.fixture
async def shop() -> AsyncGenerator[LocalServer]:
    async with local_server() as server:
        server.says("/orders/A-7/cancel", response(200, msgspec.json.encode(ORDER)))
        yield server


def cancellations(shop: LocalServer) -> int:
    return len([one for one in shop.heard if one.path.endswith("/cancel")])


async def test_what_a_plugins_tool_cannot_take_back_waits_for_a_person(
    member: Member, model: Model, shop: LocalServer
) -> None:
    config = {"url": f"http://127.0.0.1:{shop.port}", "api_key": "k3y"}
    await member.call("POST", "/integrations", {"type": "shop", "name": "S", "config": config})
    thread, _ = await member.thread_with(tools_enabled=["cancel_order"])
    call = Bench(tool="cancel_order", arguments={"number": "A-7"}, text="Done.")
    model.when("Cancel A-7.", call)

    answer = await member.say(thread, "Cancel A-7.")

    assert cancellations(shop) == 0
    (approval,) = answer.body["approvals"]
    decision = f"/approvals/{approval['id']}/decision"
    assert (await member.call("POST", decision, {"approve": True})).status == 200

    async def is_answered() -> bool:
        return (await member.messages(thread))[-1]["content"] == "Done."

    await until(is_answered)
    assert cancellations(shop) == 1
    (request,) = [one for one in shop.heard if one.path.endswith("/cancel")]
    assert ":" in request.headers["idempotency-key"]


async def test_a_plugins_own_systems_are_shown_to_their_organization_without_secrets(
    member: Member, desk: Hexdesk, shop: LocalServer
) -> None:
    config = {"url": f"http://127.0.0.1:{shop.port}", "api_key": "k3y"}
    await member.call("POST", "/integrations", {"type": "shop", "name": "S", "config": config})
    stranger = await Member.register(member.http, desk.url)

    (shown,) = (await member.get("/integrations"))["data"]

    assert (shown["type"], shown["config"]) == ("shop", config | {"api_key": "********"})
    assert (await stranger.get("/integrations"))["data"] == []
