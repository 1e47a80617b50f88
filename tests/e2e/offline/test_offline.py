"""A desk without the internet: started, extended, asked and given scans, on loopback alone."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.offline import alone, story, wheels

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has network namespaces")

ROOT = Path(__file__).parents[3]
SECONDS = 300
UNREACHABLE = {"ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"}
Seen = dict[str, Any]


def off_the_network(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a network of its own."""
    return subprocess.run(
        [sys.executable, "-m", alone.MODULE, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """Return what was seen in a house without the internet."""
    first = off_the_network("true")
    if first.returncode:
        pytest.skip(f"this system lends no network namespace: {first.stderr.strip()[-200:]}")
    with tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as path:
        day = off_the_network(sys.executable, "-m", story.__name__, path)
        assert day.returncode == 0, day.stderr
        yield json.loads(Path(path, story.SEEN).read_text(encoding="utf-8"))


def test_there_is_no_way_out(seen: Seen) -> None:
    assert seen["interfaces"] == ["lo"]
    assert seen["ways out"]["192.0.2.1"] == "ENETUNREACH"
    assert set(seen["ways out"].values()) <= UNREACHABLE


def test_the_desk_itself_is_in_there(seen: Seen) -> None:
    assert seen["network of the desk"] == seen["network"] != story.network()


def test_nobody_even_tries_to_get_out(seen: Seen) -> None:
    # The kernel counts: the story's own look at the network above must have been noticed.
    if seen["tries of the story"] == seen["tries before"]:
        pytest.skip("this kernel does not count what no way leads to")
    assert seen["tries in all"] == seen["tries of the story"]


def test_a_plugin_of_a_local_wheel_brings_its_tool(seen: Seen) -> None:
    assert seen["tools"][wheels.TOOL] == "hours"


def test_a_local_model_uses_it_and_answers(seen: Seen) -> None:
    (use,) = seen["hours"]["tools_used"]
    assert (use["name"], use["status"]) == (wheels.TOOL, "ok")
    assert wheels.HOURS in seen["results"][0]
    assert (seen["hours"]["message"]["content"], seen["hours"]["degraded"]) == ("See above.", False)


def test_scans_and_pictures_are_read(seen: Seen) -> None:
    assert (seen["scan"]["status"], seen["scan"]["metadata"]["ocr_pages"]) == ("ready", 1)
    assert story.SCANNED in " ".join(seen["scan"]["text"].split())
    assert seen["picture"]["status"] == "ready"
    assert story.SCREENSHOT in seen["picture"]["text"]


def test_an_answer_cites_the_scan(seen: Seen) -> None:
    (citation,) = seen["cited"]["message"]["citations"]
    assert (citation["file_id"], citation["page"]) == (seen["scan"]["id"], 1)
    assert citation["quote"] == story.QUOTE
    assert seen["cited"]["message"]["content"] == "Seven years [1]."


def test_what_files_mean_is_asked_of_the_local_model(seen: Seen) -> None:
    assert any(story.QUOTE in text for text in seen["embedded"])
    assert seen["health"]["components"]["knowledge"]["status"] == "ok"


def test_nothing_is_missing_but_the_internet(seen: Seen) -> None:
    assert seen["health"]["status"] == "ok", seen["health"]
    assert seen["pages"] == {"/docs": 200, "/openapi.json": 200}
    code, told = seen["doctor"]
    assert code == 0, told
    assert "✗" not in told
