"""What holds of every call."""

import json
import re
from collections.abc import AsyncGenerator
from uuid import UUID

import httpx2
import pytest

from tests.e2e.http.house import Company, House, a_house, created, problem, unlimited
from tests.storages import MEMORY

NEW_TICKET = b'{"title": "Login fails"}'
NOT_THERE = "0198a3f0-0000-7000-8000-000000000000"


async def test_a_call_is_answered_in_json_with_times_in_utc(
    house: House, admin: httpx2.AsyncClient
):
    answer = await admin.get("/api/v1/organization")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["created_at"] == f"{house.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert UUID(answer.json()["id"]).version == 7


@pytest.mark.parametrize("wanted", ["a", "My-own.id_7", "x" * 128])
async def test_a_sane_request_id_comes_back(admin: httpx2.AsyncClient, wanted: str):
    answer = await admin.get("/api/v1/auth/me", headers={"X-Request-ID": wanted})
    assert answer.headers["x-request-id"] == wanted


@pytest.mark.parametrize("wanted", ["", "x" * 129, "a b", "a;b", "é"])
async def test_another_request_id_is_replaced(admin: httpx2.AsyncClient, wanted: str):
    headers = {b"X-Request-ID": wanted.encode()}
    answer = await admin.get("/api/v1/auth/me", headers=headers)
    assert UUID(answer.headers["x-request-id"])


async def test_an_unknown_path_is_a_problem_like_any_other(admin: httpx2.AsyncClient):
    problem(await admin.get("/api/v1/nothing"), 404, "not-found")
    problem(await admin.get("/api/v1/tickets/not-a-uuid"), 404, "not-found")


async def test_a_method_that_is_not_there_is_told_those_that_are(admin: httpx2.AsyncClient):
    answer = await admin.put("/api/v1/tickets", json={})
    problem(answer, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(re.split(r", ", answer.headers["allow"]))


async def test_options_tells_the_methods_without_credentials(house: House):
    async with house.client() as nobody:
        answer = await nobody.options("/api/v1/tickets")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, OPTIONS, POST"


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/x-www-form-urlencoded",
    ],
)
async def test_a_body_is_read_as_json_whatever_curl_calls_it(
    admin: httpx2.AsyncClient, media_type: str | None
):
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await admin.post("/api/v1/tickets", content=NEW_TICKET, headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/merge-patch+json",
    ],
)
async def test_another_media_type_is_415(admin: httpx2.AsyncClient, media_type: str):
    headers = {"Content-Type": media_type}
    answer = await admin.post("/api/v1/tickets", content=NEW_TICKET, headers=headers)
    problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"title": "x"} x',
        b'{"title": 7, ',
        b'{"title": "\xff"}',
        b'{"title": NaN}',
        b'{"title": "x", "tags": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["empty", "cut off", "more", "wrong, then cut off", "no UTF-8", "NaN", "deep"],
)
async def test_what_is_no_json_is_400(admin: httpx2.AsyncClient, body: bytes):
    problem(await admin.post("/api/v1/tickets", content=body), 400, "malformed")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": "x", "colour": "red"}, "/colour"),
        ({"title": 7}, "/title"),
        ({"title": ""}, "/title"),
        ({"title": " \t\n"}, "/title"),
        ({"title": "x" * 201}, "/title"),
        ({"title": "x\x00y"}, "/title"),
        ({"title": "x", "priority": "soon"}, "/priority"),
        ({"title": "x", "tags": ["ok", ""]}, "/tags/1"),
        ({"title": "x", "tags": ["ok", "a\x00"]}, "/tags/1"),
        ({"title": "x", "requester_email": "nobody"}, "/requester_email"),
        ({"description": "x"}, "/title"),
        ([], ""),
        (None, ""),
    ],
)
async def test_a_value_that_breaks_a_rule_is_422_and_pointed_at(
    admin: httpx2.AsyncClient, body: object, pointer: str
):
    answer = await admin.post("/api/v1/tickets", content=json.dumps(body))
    told = problem(answer, 422, "invalid")
    assert [one["pointer"] for one in told["errors"]] == [pointer]


async def test_a_number_in_quotes_is_no_number(admin: httpx2.AsyncClient):
    answer = await admin.post("/api/v1/agents", json={"temperature": "0.5"})
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/temperature"


async def test_u_0000_is_found_however_deep(admin: httpx2.AsyncClient):
    metadata = {"a": [{"b/c": "x\x00"}]}
    answer = await admin.post("/api/v1/chat/threads", json={"metadata": metadata})
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/metadata/a/0/b~1c"
    answer = await admin.post("/api/v1/chat/threads", json={"metadata": {"\x00": 1}})
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/metadata"


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 5000])
async def test_a_number_that_nothing_can_hold_is_422(admin: httpx2.AsyncClient, number: str):
    body = f'{{"temperature": {number}, "tone": "calm"}}'
    answer = await admin.post("/api/v1/agents", content=body)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/temperature"


@pytest.mark.parametrize(("levels", "status"), [(99, 201), (101, 422), (100_000, 400)])
async def test_nesting_is_taken_as_deep_as_it_can_be_given_back(
    admin: httpx2.AsyncClient, levels: int, status: int
):
    nested = '{"a":' * levels + "1" + "}" * levels
    answer = await admin.post("/api/v1/chat/threads", content=f'{{"metadata": {nested}}}')
    assert answer.status_code == status, answer.text


async def test_an_escaped_backslash_before_u0000_is_just_text(admin: httpx2.AsyncClient):
    answer = await admin.post("/api/v1/tickets", content=rb'{"title": "\\u0000"}')
    assert answer.json()["title"] == r"\u0000"


async def test_a_body_that_is_too_large_is_413(admin: httpx2.AsyncClient):
    body = b'{"title": "' + b"x" * 10 * 1024 * 1024 + b'"}'
    problem(await admin.post("/api/v1/tickets", content=body), 413, "too-large")


async def test_a_body_of_unknown_length_is_413_when_it_gets_too_large(admin: httpx2.AsyncClient):
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(11):
            yield b" " * 1024 * 1024

    problem(await admin.post("/api/v1/tickets", content=pieces()), 413, "too-large")


@pytest.mark.parametrize("path", ["agents", "chat/threads"])
async def test_a_call_whose_fields_are_all_optional_takes_no_body(
    admin: httpx2.AsyncClient, path: str
):
    assert (await admin.post(f"/api/v1/{path}")).status_code == 201


async def test_an_empty_patch_changes_nothing(company: Company):
    admin = company.admin
    paths = ["/organization", f"/users/{company.tokens['user']['id']}"]
    made: dict[str, dict[str, object]] = {
        "/agents": {},
        "/chat/threads": {},
        "/integrations": {
            "type": "webhook",
            "name": "x",
            "config": {"url": "https://example.com/hook"},
        },
    }
    for path, body in made.items():
        paths.append(f"{path}/{(await created(admin, path, **body))['id']}")
    for path in paths:
        before = (await admin.get(f"/api/v1{path}")).json()
        for body in (b"{}", b""):
            answer = await admin.patch(f"/api/v1{path}", content=body)
            assert (answer.status_code, answer.json()) == (200, before), path


async def test_every_answer_is_safe_to_show_in_a_browser(admin: httpx2.AsyncClient):
    for path in ("/api/v1/auth/me", "/health", "/nothing"):
        headers = (await admin.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


async def test_https_is_told_to_stay_https():
    options = unlimited(public_url="https://desk.example.com")
    async with a_house(options) as house, house.client() as nobody:
        answer = await nobody.get("/health/live")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_mistake_of_ours_shows_no_trace(house: House, monkeypatch: pytest.MonkeyPatch):
    def broken(text: str) -> None:
        raise RuntimeError("the secret of the house")

    company = await house.company()
    monkeypatch.setattr(house.desk.ports.access_tokens, "verify", broken)
    answer = await company.admin.get("/api/v1/auth/me")
    problem(answer, 500, "internal")
    assert "secret" not in answer.text


@pytest.mark.parametrize("house", [MEMORY], indirect=True)
async def test_storage_that_is_gone_is_503_with_a_time_to_come_back(company: Company):
    company.house.memory.is_down = True
    answer = await company.admin.get("/api/v1/tickets")
    problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
