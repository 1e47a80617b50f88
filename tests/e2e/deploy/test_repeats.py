"""What the shipped nginx sends again when a process fails under it, and what it does not."""

import pytest

from tests.e2e.deploy.front import MESSAGES, OK, Front, hangs_up, problem
from tests.integration.local_server import response


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/api/v1/tickets", None),
        ("GET", "/api/v1/auth/me", None),
        ("PUT", "/api/v1/tickets/1", None),
        ("DELETE", "/api/v1/tickets/1", None),
        ("POST", "/api/v1/tickets", "key"),
        ("POST", MESSAGES, "key"),
        ("POST", "/api/v1/files", "key"),
        ("POST", "/api/v1/tasks", "~"),
    ],
)
async def test_what_may_be_repeated_is_sent_to_the_other_process(
    front: Front, method: str, path: str, key: str | None
) -> None:
    one, other = front.apis
    one.answers[path], other.answers[path] = hangs_up, lambda _: OK
    body = b"{}" if method in {"POST", "PUT"} else None
    headers = {"Idempotency-Key": key} if key else {}
    for _ in range(2):
        answer = await front.call(method, path, content=body, headers=headers)
        assert answer.status_code == 200, answer.text
    assert one.heard, "of two in turn, one at least was tried here"
    assert len(other.heard) == 2
    assert {heard.body for heard in front.heard()} == {body or b""}


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("POST", "/api/v1/tickets", None),
        ("POST", "/api/v1/tickets", ""),
        ("POST", MESSAGES, None),
        ("PATCH", "/api/v1/tickets/1", None),
        ("PATCH", "/api/v1/tickets/1", "key"),
        ("POST", "/api/v1/auth/login", "key"),
        ("POST", "/api/v1/auth/refresh", "key"),
        ("POST", "/api/v1/%61uth/login", "key"),
        ("POST", "/api/v1/api-keys", "key"),
    ],
)
async def test_what_may_not_be_repeated_is_sent_once(
    front: Front, method: str, path: str, key: str | None
) -> None:
    front.say(path, hangs_up)
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await front.call(method, path, content=b"{}", headers=headers)
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert len(front.heard()) == 1


@pytest.mark.parametrize(("key", "status"), [("key", 200), (None, 503)])
async def test_a_process_that_is_full_is_passed_over_for_those_who_may_repeat(
    front: Front, key: str | None, status: int
) -> None:
    one, other = front.apis
    full = response(503, b'{"status": 503}', {"retry-after": "5"})
    one.answers["/api/v1/tickets"], other.answers["/api/v1/tickets"] = (
        lambda _: full,
        lambda _: OK,
    )
    headers = {"Idempotency-Key": key} if key else {}
    answers = [
        await front.call("POST", "/api/v1/tickets", content=b"{}", headers=headers)
        for _ in range(2)
    ]
    assert sorted(answer.status_code for answer in answers) == sorted([200, status])


async def test_tool_calls_with_a_key_are_repeated_and_others_are_not(front: Front) -> None:
    one, other = front.mcps
    one.answers["/mcp"], other.answers["/mcp"] = hangs_up, lambda _: OK
    for key, statuses in (("call_1", [200, 200]), (None, [200, 503])):
        headers = {"Idempotency-Key": key} if key else {}
        answers = [
            await front.http.post(f"{front.nginx.mcp_url}/mcp", content=b"{}", headers=headers)
            for _ in range(2)
        ]
        assert sorted(answer.status_code for answer in answers) == statuses
