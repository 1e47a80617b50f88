"""The requirements' own validation commands, against a desk as `hexdesk up` starts it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.hexdesk_up import Up, environment, free_ports, running_up

SCRIPT = Path(__file__).with_name("checkpoints.sh")
SECONDS = 120


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    with (
        tempfile.TemporaryDirectory(prefix="hexdesk-tests-") as folder,
        running_up(Path(folder) / "data", "--no-demo") as running,
    ):
        yield running


def test_the_tools_that_the_requirements_name_are_installed() -> None:
    assert [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None] == []


def test_every_checkpoint_of_the_requirements_holds(up: Up) -> None:
    done = checkpoints({"HEXDESK_API": up.api, "HEXDESK_MCP": up.mcp, "HEXDESK_LOG": str(up.log)})

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.count("\nok ") >= 30
    assert "NOT OK" not in done.stdout


def test_the_script_fails_where_no_desk_answers() -> None:
    [nobody] = free_ports(1)
    nowhere = f"http://127.0.0.1:{nobody}"

    done = checkpoints({"HEXDESK_API": nowhere, "HEXDESK_MCP": nowhere})

    assert done.returncode != 0


def test_the_script_fails_where_a_checkpoint_does_not_hold(up: Up) -> None:
    # The API answers under the tool server's address, so no tool can be called there.
    done = checkpoints({"HEXDESK_API": up.api, "HEXDESK_MCP": up.api})

    assert done.returncode == 1
    assert "NOT OK  a tool that is not allowed is refused" in done.stdout


def checkpoints(where: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT],
        env=environment(where),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
