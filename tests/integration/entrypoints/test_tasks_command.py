"""`hexdesk tasks`: what it asks of the API, and how it tells the answer."""

import json as stdlib_json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hexdesk.entrypoints.cli.main import main
from hexdesk.entrypoints.demo_access import DemoAccess, keep_demo_access
from tests.integration.entrypoints.scripted_api import Reply, ScriptedApi, json, scripted_api

TASK_ID = "01a20000-0000-7000-8000-000000000001"
TASK: dict[str, Any] = {
    "id": TASK_ID,
    "agent_id": None,
    "task_type": "api_request",
    "task_data": {"text": "Call \x1b[31mback"},
    "status": "failed",
    "progress": 0.5,
    "priority": 5,
    "attempts": 3,
    "max_attempts": 3,
    "result": None,
    "error": "the model \x1b[2J[bold]did not answer",
    "created_at": "2026-01-01T12:00:00Z",
}
PAGE = {"data": [TASK], "total": 3, "limit": 1, "offset": 0}


def run(api: ScriptedApi, *arguments: str, key: str | None = "hxd_1") -> Result:
    """Run the command against the API, with a key unless there is none."""
    environment = {"HEXDESK_PUBLIC_URL": api.url, "HEXDESK_API_KEY": key}
    return CliRunner().invoke(main, ["tasks", *arguments], env=environment)


def test_tasks_are_listed_a_line_for_each() -> None:
    with scripted_api(json(PAGE)) as api:
        told = run(api, "list")
        assert [one.path for one in api.requests] == ["/api/v1/tasks?limit=50"]
    assert told.exit_code == 0
    heading, line, rest = told.stdout.splitlines()
    assert heading.split() == ["ID", "TYPE", "STATUS", "PROGRESS", "TRIED", "CREATED", "ERROR"]
    assert line.split()[:6] == [TASK_ID, "api_request", "failed", "50%", "3/3", TASK["created_at"]]
    # Nothing that somebody wrote into a task is obeyed by the terminal.
    assert line.rstrip().endswith("the model �[2J[bold]did not answer")
    assert rest == "1 of 3: --limit shows more"


def test_tasks_are_listed_by_what_is_asked_for() -> None:
    agent = "01a20000-0000-7000-8000-000000000002"
    options = ("--status", "failed", "--type", "email", "--agent", agent, "--limit", "1")
    with scripted_api(json(PAGE)) as api:
        run(api, "list", *options)
        [asked] = api.requests
    assert asked.path == f"/api/v1/tasks?status=failed&task_type=email&agent_id={agent}&limit=1"


@pytest.mark.parametrize(
    ("command", "method", "path"),
    [
        ("show", "GET", f"/api/v1/tasks/{TASK_ID}"),
        ("retry", "POST", f"/api/v1/tasks/{TASK_ID}/retry"),
        ("cancel", "POST", f"/api/v1/tasks/{TASK_ID}/cancel"),
    ],
)
def test_a_task_is_shown_whole(command: str, method: str, path: str) -> None:
    with scripted_api(json(TASK)) as api:
        told = run(api, command, TASK_ID)
        [asked] = api.requests
    assert (asked.method, asked.path) == (method, path)
    assert asked.headers["authorization"] == "Bearer hxd_1"
    shown = [line.split(maxsplit=1) for line in told.stdout.splitlines()]
    assert ["status", "failed"] in [[part.strip() for part in line] for line in shown]
    assert {"task_type", "attempts", "error", "result"} <= {line[0] for line in shown}
    assert "\x1b" not in told.stdout


@pytest.mark.parametrize(
    ("arguments", "answer"), [(("list",), PAGE), (("show", TASK_ID), TASK)], ids=["list", "show"]
)
def test_programs_get_the_apis_own_answer(
    arguments: tuple[str, ...], answer: dict[str, Any]
) -> None:
    with scripted_api(json(answer)) as api:
        told = run(api, *arguments, "--json")
    assert (told.exit_code, stdlib_json.loads(told.stdout)) == (0, answer)


def test_a_refusal_is_a_sentence_and_exit_code_1() -> None:
    refusal = json({"detail": "the task has ended: it is succeeded"}, 409)
    with scripted_api(refusal) as api:
        told = run(api, "cancel", TASK_ID)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == "Error: the task has ended: it is succeeded\n"


def test_an_api_that_is_not_there_is_a_sentence_too() -> None:
    with scripted_api() as api:
        pass
    told = run(api, "list")
    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: cannot reach {api.url}: is `hexdesk up` running?")


def test_without_a_key_the_demo_sign_in_is_used(tmp_path: Path) -> None:
    keep_demo_access(DemoAccess(email="demo@example.com", password="correct horse"), tmp_path)
    tokens = json({"access_token": "access-1", "refresh_token": "refresh-1"})
    with scripted_api(tokens, json(PAGE), Reply(status=204, body=b"")) as api:
        told = run(api, "list", "--data-dir", str(tmp_path), key=None)
        signed_in, listed, signed_out = api.requests
    assert told.exit_code == 0
    assert stdlib_json.loads(signed_in.body)["email"] == "demo@example.com"
    assert listed.headers["authorization"] == "Bearer access-1"
    assert signed_out.path == "/api/v1/auth/logout"


def test_what_is_no_id_is_refused_before_anything_is_asked() -> None:
    with scripted_api() as api:
        told = run(api, "show", "the-first-one")
        assert api.requests == []
    assert told.exit_code == 2
