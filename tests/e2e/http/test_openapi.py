"""The OpenAPI document, and whether the API keeps to it."""

import json
import re
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import httpx2
import jsonschema_rs
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from hexdesk.adapters.http.app import describe
from tests.e2e.http.every_call import CALLS, DOCUMENT
from tests.e2e.http.house import DELETE_IT, PASSWORD, a_house, unlimited
from tests.e2e.http.live import a_live_house

EXAMPLES = 8

# What a schema cannot say, call by call: each of these is 422 for a value that fits its schema.
UNSAID = {
    "add_agent": "the tools and models there are depend on the installation",
    "change_agent": "the tools and models there are depend on the installation",
    "change_organization": "a default agent must be one of the organization's active ones",
    "add_api_key": "an expiry must lie in the future",
    "add_integration": "what `config` holds depends on the type, and types on the installation",
    "change_integration": "what `config` holds depends on the type",
    "create_task": "what `task_data` holds depends on the type, and types on the installation",
    "start_thread": "an agent must be one of the organization's active ones; metadata is bounded",
    "change_thread": "metadata is bounded in bytes",
    "change_password": "the present password must be right",
    "assign_ticket": "an assignee must be a member of the organization",
}

REQUEST: dict[str, Any] = {"task_type": "api_request", "task_data": {"text": "Call back."}}

# Its types leave much unsaid.
tool = cast("Any", schemathesis)
told_apart = cast("Any", checks)
config = tool.Config.from_dict(
    {
        "generation": {
            "max-examples": EXAMPLES,
            "deterministic": True,
            # U+0000 is valid in JSON and JSON Schema, and 422 by the contract.
            "allow-x00": False,
        },
        "operations": [
            {
                "include-operation-id": sorted(UNSAID),
                "checks": {"positive_data_acceptance": {"enabled": False}},
            },
        ],
    }
)
api = tool.openapi.from_dict(DOCUMENT, config=config)


FORM = "multipart/form-data"


@dataclass(frozen=True)
class Visit:
    """The address of a live house, the credentials of its admin, and the ids of what is there."""

    url: str
    headers: dict[str, str]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def visit() -> Generator[Visit]:
    """Open a house on a real server, with an admin and one of everything in it."""
    with a_live_house() as url, httpx2.Client(base_url=url, trust_env=False) as client:
        body = {"organization_name": "x", "email": "ada@example.com", "password": PASSWORD}
        tokens = client.post("/api/v1/auth/register", json=body).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        client.headers.update(headers)
        yield Visit(url, headers, made_by(client))


def made_by(client: httpx2.Client) -> dict[str, str]:
    """Make one of everything, and return the ids by the names that paths give them."""

    def made(path: str, status: int = 201, **body: Any) -> dict[str, str]:
        answer = client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def handed_in() -> dict[str, str]:
        files = {"file": ("manual.txt", b"Hold the red button.", "text/plain")}
        answer = client.post("/api/v1/files", files=files)
        assert answer.status_code == 202, answer.text
        return answer.json()

    thread_id, asking = made("/chat/threads")["id"], made("/chat/threads")["id"]
    asked: Any = made(f"/chat/threads/{asking}/messages", content=DELETE_IT)
    webhook = {"url": "https://example.com/hook"}
    ids = {
        "agent_id": made("/agents")["id"],
        "approval_id": asked["approvals"][0]["id"],
        "api_key_id": made("/api-keys", name="x")["id"],
        "file_id": handed_in()["id"],
        "integration_id": made("/integrations", type="webhook", name="x", config=webhook)["id"],
        "run_id": made(f"/chat/threads/{thread_id}/messages", content="Hi")["run_id"],
        "task_id": made("/tasks", 202, **REQUEST)["id"],
        "thread_id": thread_id,
        "ticket_id": made("/tickets", title="x")["id"],
        "tool": "shop__look_up",
        "user_id": made("/users", email="b@example.com", password=PASSWORD)["id"],
    }
    sent = client.get(f"/api/v1/integrations/{ids['integration_id']}/deliveries").json()
    return ids | {"delivery_id": sent["data"][0]["id"], "channel": "nothing"}


@api.parametrize()
def test_the_api_keeps_to_its_document(visit: Visit, case: Any) -> None:
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        make_sensible(case, visit)
    # Which forms are wrong it cannot tell: `test_files.py` can.
    excluded = [told_apart.negative_data_rejection] if case.media_type == FORM else None
    case.call_and_validate(base_url=visit.url, headers=visit.headers, excluded_checks=excluded)


def make_sensible(case: Any, visit: Visit) -> None:
    """Let a valid call be about something that is there."""
    if case.method != "DELETE":
        for name in case.path_parameters or ():
            case.path_parameters[name] = visit.ids[name]
    if case.media_type == FORM:
        case.body = {"file": b"Hold the red button."}
    elif case.media_type == "application/json" and hasattr(case.body, "items"):
        body = cast("dict[str, Any]", case.body)
        of_files = {"file_id": visit.ids["file_id"], "attachments": [visit.ids["file_id"]]}
        case.body = body | {name: value for name, value in of_files.items() if name in body}
    if "Idempotency-Key" in case.headers:
        # A key that came before would rightly be refused with another body.
        case.headers["Idempotency-Key"] = str(uuid4())
    if "If-Match" in case.headers:
        # Next to a body at its bounds, schemathesis takes `0` for a value of any header.
        case.headers["If-Match"] = '"1"'


def test_the_document_is_the_same_each_time():
    assert list(DOCUMENT["paths"]) == sorted(DOCUMENT["paths"])
    script = "import sys; from hexdesk.adapters.http.app import describe; "
    command = [sys.executable, "-c", script + "sys.stdout.buffer.write(describe('1'))"]
    again = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert again.stdout == describe("1")


def test_every_call_is_described():
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    names = [call.name for call in CALLS]
    assert len(names) == len(set(names))
    for call in CALLS:
        operation = call.operation
        assert operation["summary"], call.name
        assert set(operation["tags"]) <= tags
        assert any(status.startswith("2") for status in operation["responses"]), call.name


def test_every_call_tells_what_can_go_wrong():
    for call in CALLS:
        told = call.operation["responses"].keys()
        assert {"500", "503"} <= told, call.name
        assert call.is_public or {"401", "429"} <= told, call.name
        assert not call.parameters or "404" in told, call.name
        if "requestBody" in call.operation:
            assert {"400", "413"} <= told, call.name
            is_raw = "application/octet-stream" in call.operation["requestBody"]["content"]
            assert is_raw or {"415", "422"} <= told, call.name


def test_every_example_of_a_body_is_one_that_the_call_takes():
    for call in CALLS:
        content = call.operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content and "example" in content:
            assert_fits(content["example"], content["schema"])


def test_references_lead_somewhere():
    references = set(re.findall(r'"\$ref":\s*"#/([^"]+)"', json.dumps(DOCUMENT)))
    assert len(references) > 50
    for reference in references:
        found: Any = DOCUMENT
        for step in reference.split("/"):
            found = found[step]


def test_answers_say_that_what_is_always_there_is_required():
    schemas = DOCUMENT["components"]["schemas"]
    ticket = schemas["Ticket"]
    assert set(ticket["required"]) == set(ticket["properties"])
    assert ticket["properties"]["created_at"]["format"] == "date-time"
    assert "total_is_exact" not in schemas["TicketPage"]["required"]
    assert schemas["NewTicket"]["required"] == ["title"]
    assert schemas["NewTicket"]["additionalProperties"] is False


async def test_the_document_is_served_with_the_installations_version_and_address():
    options = unlimited(version="1.2.3", public_url="https://desk.example.com")
    async with a_house(options) as house, house.client() as nobody:
        answer = await nobody.get("/openapi.json")
        again = await nobody.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == again.content
    told = answer.json()
    assert told["openapi"] == "3.1.0"
    assert told["info"]["version"] == "1.2.3"
    assert told["servers"] == [{"url": "https://desk.example.com"}]
    assert told["paths"] == DOCUMENT["paths"]


def assert_fits(value: Any, schema: dict[str, Any]) -> None:
    """Check an example against its schema."""
    whole = schema | {"components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(whole).validate(value)
