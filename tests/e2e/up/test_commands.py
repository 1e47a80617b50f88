"""The commands that need no running desk, or only look at one.

Most run in this process, since starting Python anew for each takes the most time.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from hexdesk.entrypoints.cli.main import main
from hexdesk.entrypoints.cli.servers import Priorities
from hexdesk.entrypoints.version import VERSION
from tests.e2e.hexdesk_up import HEXDESK, PRIVATE, Up, environment, free_ports, hexdesk

SECRET = "a secret of more than forty characters for tests"
NOWHERE = "postgresql://hexdesk_app@127.0.0.1:{port}/hexdesk"


def paths(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield what one types to call each command."""
    yield path
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from paths(below, (*path, name))


@pytest.mark.parametrize("path", list(paths(main)), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    told = here(*path, "--help")

    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith(f"Usage: {' '.join(('hexdesk', *path))} ")


def test_the_version_is_the_distributions() -> None:
    assert hexdesk("--version").stdout == f"hexdesk, version {VERSION}\n"


def test_an_unknown_command_is_refused_in_words() -> None:
    refused = here("down")

    assert refused.exit_code == 2
    assert "No such command 'down'." in refused.stderr


@pytest.mark.parametrize("server", ["api", "mcp", "worker"])
def test_a_server_of_its_own_does_not_start_without_a_secret(server: str) -> None:
    refused = hexdesk(server)

    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: HEXDESK_SECRET_KEY is not set: make one with `openssl rand -base64 48` and give it"
        " to every process of the installation\n"
    )


@pytest.mark.parametrize("server", ["api", "mcp", "worker"])
def test_a_server_of_its_own_does_not_start_without_a_database(server: str) -> None:
    refused = hexdesk(server, env={"HEXDESK_SECRET_KEY": SECRET})

    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: HEXDESK_DATABASE_URL is not set: name the PostgreSQL database to use\n"
    )


def test_a_worker_does_not_start_where_nothing_could_wake_it() -> None:
    settings = {"HEXDESK_SECRET_KEY": SECRET, "HEXDESK_DATABASE_URL": NOWHERE.format(port=1)}

    refused = hexdesk("worker", env=settings)

    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: HEXDESK_REDIS_URL is not set: name the Redis")
    assert "`hexdesk api` and `hexdesk up` do them themselves" in refused.stderr


@pytest.mark.parametrize("queues", ["", "10", "0-10", "4-2", "a", "1,,2", "-1", "1-", "²"])
def test_priorities_that_do_not_exist_are_refused(queues: str) -> None:
    refused = here("worker", "--queues", queues)

    assert refused.exit_code == 2
    assert "Invalid value for '--queues'" in refused.stderr


@pytest.mark.parametrize(
    ("queues", "expected"),
    [("0-9", tuple(range(10))), ("7", (7,)), ("5-6, 0,1", (0, 1, 5, 6)), ("3,3-3", (3,))],
)
def test_priorities_are_understood(queues: str, expected: tuple[int, ...]) -> None:
    assert Priorities().convert(queues, None, None) == expected


def test_a_database_that_does_not_answer_is_named() -> None:
    port, own_port = free_ports()
    settings = {"HEXDESK_SECRET_KEY": SECRET, "HEXDESK_DATABASE_URL": NOWHERE.format(port=port)}

    refused = hexdesk("api", "--port", str(own_port), env=settings)

    assert refused.returncode == 1
    assert f"Error: no PostgreSQL server answers at '127.0.0.1:{port}'" in refused.stderr


def test_a_setting_that_cannot_be_used_is_named() -> None:
    refused = hexdesk("up", env={"HEXDESK_MOST_RUNS": "many"})

    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: HEXDESK_MOST_RUNS cannot be 'many'")


def test_a_mistake_in_ai_config_stops_the_start_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "ai.yaml"
    config.write_text("agent:\n  name: Bo\n  temperature: hot\n")

    refused = here("doctor", "--data-dir", str(tmp_path), env={"HEXDESK_AI_CONFIG": str(config)})

    assert refused.exit_code == 1
    assert "ai.yaml, line 3: Expected `float | null`, got `str` (agent.temperature)" in (
        refused.stdout
    )


def test_upgrading_no_database_in_particular_is_refused() -> None:
    refused = here("db", "upgrade")

    assert refused.exit_code == 2
    assert "set HEXDESK_DATABASE_OWNER_URL or HEXDESK_DATABASE_URL" in refused.stderr


def test_upgrading_a_database_that_does_not_answer_is_told_in_a_sentence() -> None:
    [port] = free_ports(1)

    refused = here("db", "upgrade", "--owner-url", NOWHERE.format(port=port))

    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: cannot upgrade the database: ")


def test_the_api_describes_itself(tmp_path: Path) -> None:
    written = tmp_path / "openapi.json"

    printed = hexdesk("openapi")
    assert here("openapi", "--output", str(written)).exit_code == 0

    document = json.loads(printed.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/chat/threads/{thread_id}/messages" in document["paths"]
    assert written.read_text() == printed.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell: str) -> None:
    told = here("completion", shell)

    assert told.exit_code == 0
    assert "_HEXDESK_COMPLETE" in told.stdout


def test_bash_takes_the_completion_and_completes_commands() -> None:
    script = here("completion", "bash").stdout
    ask = "COMP_WORDS=(hexdesk co) COMP_CWORD=1; _hexdesk_completion hexdesk; echo ${COMPREPLY[@]}"

    completed = subprocess.run(
        ["/bin/bash", "-c", f"{script}\n{ask}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment({"PATH": f"{Path(HEXDESK).parent}:/usr/bin:/bin"}),
    )

    assert completed.stdout.strip() == "completion"


def test_the_doctor_finds_nothing_to_mend_beside_a_running_desk(up: Up) -> None:
    found = findings("--data-dir", str(up.data_dir))

    assert [one for one in found if one["status"] == "failure"] == []
    subjects = {one["subject"] for one in found}
    assert subjects >= {"version", "secret", "data", "database", "ai_config", "model", "server"}
    assert by_subject(found, "server")["status"] == "ok"


def test_each_finding_of_the_doctor_that_is_not_fine_has_a_fix(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    env = {"HEXDESK_SECRET_KEY": "short", "HEXDESK_PUBLIC_URL": nowhere}

    found = findings("--data-dir", str(tmp_path), env=env)

    assert {one["subject"] for one in found if one["fix"]} >= {"secret", "model", "server"}
    assert [one for one in found if one["status"] != "ok" and not one["fix"]] == []
    assert [one for one in found if one["status"] == "ok" and one["fix"]] == []


def test_the_doctor_says_which_model_would_answer(tmp_path: Path) -> None:
    env = {"OPENAI_API_KEY": "sk-not-a-real-key"}

    model = by_subject(findings("--data-dir", str(tmp_path), env=env), "model")

    assert (model["status"], model["found"]) == ("ok", "openai:gpt-4o-mini")
    assert "not-a-real-key" not in str(findings("--data-dir", str(tmp_path), env=env))


def test_the_doctor_complains_about_a_secret_that_others_may_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret_key"
    secret.write_text(SECRET)
    secret.chmod(0o644)

    found = by_subject(findings("--data-dir", str(tmp_path)), "secret")

    assert (found["status"], found["fix"]) == ("failure", f"chmod 600 {secret}")


def test_the_doctor_says_where_files_are_kept(tmp_path: Path) -> None:
    folder = by_subject(findings("--data-dir", str(tmp_path)), "storage")
    assert (folder["status"], str(tmp_path / "files") in folder["found"]) == ("ok", True)
    assert not (tmp_path / "files").exists()

    place = {"HEXDESK_STORAGE_URL": (tmp_path / "elsewhere").as_uri()}
    named = by_subject(findings("--data-dir", str(tmp_path), env=place), "storage")
    assert (named["status"], named["found"]) == ("ok", "HEXDESK_STORAGE_URL works")

    wrong = {"HEXDESK_STORAGE_URL": "ftp://files"}
    told = by_subject(findings("--data-dir", str(tmp_path), env=wrong), "storage")
    assert (told["status"], "HEXDESK_STORAGE_URL" in told["fix"]) == ("failure", True)


def test_the_doctor_tells_people_what_it_tells_programs(up: Up) -> None:
    told = hexdesk("doctor", "--data-dir", str(up.data_dir))

    assert told.returncode == 0
    assert "✓ server       ok" in told.stdout
    assert "! model        no provider has a key" in told.stdout
    assert "→ set OPENAI_API_KEY" in told.stdout


def here(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """Run a command in this process, on a machine on which nothing was set for hexdesk."""
    unset = dict.fromkeys(name for name in os.environ if name.startswith(PRIVATE))
    return CliRunner().invoke(main, arguments, prog_name="hexdesk", env={**unset, **(env or {})})


def findings(*arguments: str, env: dict[str, str] | None = None) -> list[dict[str, Any]]:
    told = here("doctor", "--json", *arguments, env=env)
    found: list[dict[str, Any]] = json.loads(told.stdout)["findings"]
    assert told.exit_code == any(one["status"] == "failure" for one in found)
    return found


def by_subject(found: list[dict[str, Any]], subject: str) -> dict[str, Any]:
    return next(one for one in found if one["subject"] == subject)
