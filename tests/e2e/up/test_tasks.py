"""Tasks of a running desk: handed in over the API, looked at and stopped on the command line."""

import json
import time
from typing import Any

import httpx2
import pytest

from hexdesk.entrypoints.demo_access import read_demo_access
from tests.e2e.hexdesk_up import Up, hexdesk

DEADLINE_SECONDS = 30
ENDED = {"succeeded", "failed", "cancelled"}


@pytest.fixture(scope="module")
def headers(up: Up) -> dict[str, str]:
    """Return the demo admin's credentials."""
    access = read_demo_access(up.data_dir)
    assert access
    body = {"email": access.email, "password": access.password}
    tokens = httpx2.post(f"{up.api}/api/v1/auth/login", json=body, trust_env=False).json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def handed_in(up: Up, headers: dict[str, str], text: str, **wish: Any) -> str:
    """Have the demo agent do something later, and return the task's id."""
    body = {"task_type": "api_request", "task_data": {"text": text}, **wish}
    url = f"{up.api}/api/v1/tasks"
    answer = httpx2.post(url, json=body, headers=headers, trust_env=False)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def told(up: Up, *arguments: str) -> dict[str, Any]:
    """Return what the command tells a program."""
    answer = hexdesk("tasks", *arguments, "--json", "--data-dir", str(up.data_dir))
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def ended(up: Up, task_id: str) -> dict[str, Any]:
    """Return the task when it has ended."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if (task := told(up, "show", task_id))["status"] in ENDED:
            return task
    raise AssertionError(f"task {task_id} has not ended")


def test_a_task_is_done_with_tools_and_has_its_effect(up: Up, headers: dict[str, str]) -> None:
    task = ended(up, handed_in(up, headers, "create a ticket: the lift makes a noise"))

    assert (task["status"], task["attempts"], task["error"]) == ("succeeded", 1, None)
    assert [use["name"] for use in task["result"]["tools_used"]] == ["create_ticket"]
    found = up.chat("search tickets: lift").stdout
    assert found.lower().count("lift makes a noise") == 1
    listed = hexdesk("tasks", "list", "--status", "succeeded", "--data-dir", str(up.data_dir))
    assert task["id"] in listed.stdout


def test_a_task_that_waits_is_cancelled_and_tried_again(up: Up, headers: dict[str, str]) -> None:
    task_id = handed_in(up, headers, "list open tickets", scheduled_at="2100-01-01T00:00:00Z")

    assert told(up, "cancel", task_id)["status"] == "cancelled"
    refused = hexdesk("tasks", "cancel", task_id, "--data-dir", str(up.data_dir))
    assert refused.returncode == 1
    assert refused.stderr == "Error: the task has ended: it is cancelled\n"

    assert told(up, "retry", task_id)["status"] == "queued"
    assert ended(up, task_id)["status"] == "succeeded"


def test_a_task_that_is_not_there_is_told_so(up: Up) -> None:
    nowhere = "01a20000-0000-7000-8000-000000000001"

    refused = hexdesk("tasks", "show", nowhere, "--data-dir", str(up.data_dir))

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: ")
