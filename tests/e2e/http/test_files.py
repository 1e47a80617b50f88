"""Files over HTTP: forms that bring them, what is said of them, and what comes out again."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import TaskHint
from hexdesk.core.testing import MemoryBlobs, ScriptedRunner, saying
from tests.e2e.http.forms import BOUNDARY, FILES, form, part
from tests.e2e.http.house import SETTINGS, Company, a_file, a_house, created, problem

TEXT = b"Hold the red button for ten seconds."
FIELDS = {
    *("id", "filename", "content_type", "size", "sha256", "status", "progress", "error"),
    *("summary", "metadata", "task_id", "uploaded_by_id", "created_at"),
}


async def read(company: Company, file: dict[str, Any]) -> dict[str, Any]:
    """Have a file's task done, and return the file as it is then."""
    hint = TaskHint(
        task_id=UUID(file["task_id"]),
        organization_id=UUID(company.tokens["organization"]["id"]),
        priority=6,
    )
    runner = company.house.desk.ports.runner
    assert isinstance(runner, ScriptedRunner)
    runner.scripts.append(saying("It is about a button."))
    await company.house.desk.task_desk.do(hint)
    return (await company.admin.get(f"{FILES}/{file['id']}")).json()


async def test_a_file_is_taken_read_and_given_out(company: Company):
    admin = company.admin
    file = await a_file(admin, TEXT)
    assert file.keys() == FIELDS
    assert (file["status"], file["progress"], file["size"]) == ("queued", 0, len(TEXT))
    assert file["sha256"] == hashlib.sha256(TEXT).hexdigest()
    problem(await admin.get(f"{FILES}/{file['id']}/text"), 409, "conflict")
    ready = await read(company, file)
    assert (ready["status"], ready["progress"]) == ("ready", 1)
    assert (ready["summary"], ready["error"]) == ("It is about a button.", None)
    text = await admin.get(f"{FILES}/{file['id']}/text")
    assert (text.content, text.headers["content-type"]) == (TEXT, "text/plain; charset=utf-8")
    task = (await admin.get(f"/api/v1/tasks/{file['task_id']}")).json()
    assert (task["task_type"], task["status"]) == ("file_processing", "succeeded")
    listed = (await admin.get(FILES, params={"status": "ready", "sort": "-size"})).json()
    assert listed["data"] == [ready]


async def test_bytes_come_out_to_be_kept_and_not_to_be_shown(company: Company):
    files = {"file": ("Bericht “äöü”.txt", TEXT, "text/plain")}
    file = (await company.admin.post(FILES, files=files)).json()
    content = await company.admin.get(f"{FILES}/{file['id']}/content")
    assert content.content == TEXT
    assert content.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''Bericht%20%E2%80%9C%C3%A4%C3%B6%C3%BC%E2%80%9D.txt"
    )
    assert content.headers["content-type"].startswith("text/plain")
    assert content.headers["x-content-type-options"] == "nosniff"
    assert content.headers["content-length"] == str(len(TEXT))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\\\temp\\\\notes.txt", "notes.txt"),
        ("a\u202etxt.exe.txt", "atxt.exe.txt"),
        ("x" * 400 + ".txt", "x" * 251 + ".txt"),
    ],
)
async def test_only_the_base_name_is_kept(admin: httpx2.AsyncClient, name: str, expected: str):
    answer = await admin.post(FILES, **form(part("file", "Hello", name, "text/plain")))
    assert (answer.status_code, answer.json()["filename"]) == (202, expected)


@pytest.mark.parametrize(
    ("request_", "status", "pointer"),
    [
        (form(part("file", "", "a.txt")), 422, "/file"),
        (form(part("file", "no name")), 422, "/file"),
        (form(part("agent_id", "")), 422, "/file"),
        (form(part("file", "x", "a.txt"), part("file", "y", "b.txt")), 422, "/file"),
        (form(part("file", "x", "a.txt"), part("agent_id", "no id")), 422, "/agent_id"),
        (form(part("file", "x", "a.txt"), part("agent_id", "x" * 2000)), 422, "/agent_id"),
        (form(part("file", "x", "a.txt"), part("more/~", "x")), 422, "/more~1~0"),
        (form(part("file", "x", "a.exe")), 415, None),
        (form(part("file", "%PDF-1.7", "a.txt")), 415, None),
        (form(part("file", "x", "a.txt", "image/png")), 415, None),
        (form(part("file", "\x7fELF\x00\x01", "a")), 415, None),
        (form(part("file", "x", "a.txt"), end=""), 400, None),
        (form("no header"), 400, None),
        (form('Content-Disposition: attachment; name="file"\r\n\r\nx'), 400, None),
        (form(*(part(f"f{number}", "x") for number in range(40))), 400, None),
        ({"content": b"{}", "headers": {"content-type": "application/json"}}, 415, None),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, None),
        ({"content": b""}, 415, None),
    ],
)
async def test_what_is_no_form_with_one_file_is_refused(
    company: Company, request_: dict[str, Any], status: int, pointer: str | None
):
    answer = await company.admin.post(FILES, **request_)
    slug = {400: "malformed", 415: "unsupported-media-type", 422: "invalid"}[status]
    told = problem(answer, status, slug)
    assert pointer is None or told["errors"][0]["pointer"] == pointer
    blobs = company.house.desk.ports.blobs
    assert isinstance(blobs, MemoryBlobs)
    assert blobs.kept == {}
    assert (await company.admin.get(FILES)).json()["total"] == 0


async def test_a_file_over_the_limit_is_413_by_its_length_and_by_its_bytes():
    settings = DeskSettings(most_file_bytes=100_000, login_rate=None, login_address_rate=None)

    async def body() -> AsyncGenerator[bytes]:
        yield f"--{BOUNDARY}\r\n{part('file', '', 'a.txt', 'text/plain')}".encode()
        for _ in range(30):
            yield b"x" * 10_000

    async with a_house(settings=settings) as house:
        company = await house.company("ada")
        kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
        for content in (b"x" * 300_000, body()):
            answer = await company.admin.post(FILES, content=content, headers=kind)
            problem(answer, 413, "too-large")
        fits = await a_file(company.admin, b"x" * 100_000)
        assert fits["size"] == 100_000
        problem(
            await company.admin.post(FILES, files={"file": ("a.txt", b"x" * 100_001)}),
            413,
            "too-large",
        )
        await company.close()
    assert SETTINGS.most_file_bytes == 50 * 1024 * 1024


async def test_other_bodies_are_still_bounded_by_ten_megabytes(admin: httpx2.AsyncClient):
    content = b'{"title": "' + b"x" * 11_000_000 + b'"}'
    problem(await admin.post("/api/v1/tickets", content=content), 413, "too-large")


async def test_the_same_bytes_again_are_the_same_file(company: Company):
    first = await a_file(company.admin, TEXT)
    again = await a_file(company.admin, TEXT)
    assert again["id"] == first["id"]
    blobs = company.house.desk.ports.blobs
    assert isinstance(blobs, MemoryBlobs)
    assert len(blobs.kept) == 1


async def test_a_key_makes_one_file_however_often_it_is_sent(company: Company):
    key = {"Idempotency-Key": "once"}
    first = await company.admin.post(FILES, headers=key, files={"file": ("a.txt", TEXT)})
    again = await company.admin.post(FILES, headers=key, files={"file": ("a.txt", TEXT)})
    other = await company.admin.post(FILES, headers=key, files={"file": ("a.txt", b"Other")})
    assert (first.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    problem(other, 422, "idempotency-mismatch")
    blobs = company.house.desk.ports.blobs
    assert isinstance(blobs, MemoryBlobs)
    assert len(blobs.kept) == 1


async def test_two_at_once_with_one_key_make_one_file(company: Company):
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(
        *(company.admin.post(FILES, headers=key, files={"file": ("a.txt", TEXT)}) for _ in range(4))
    )
    assert {one.status_code for one in answers} <= {202, 409}
    assert len({one.json()["id"] for one in answers if one.status_code == 202}) == 1
    assert (await company.admin.get(FILES)).json()["total"] == 1


async def test_an_agent_knows_files_that_admins_tell_it_of(company: Company):
    admin, user = company.admin, await company.user()
    agent = await created(admin, "/agents")
    path = f"/api/v1/agents/{agent['id']}/files"
    answer = await admin.post(
        FILES, files={"file": ("a.txt", TEXT)}, data={"agent_id": agent["id"]}
    )
    file = answer.json()
    assert (await user.get(path)).json()["data"] == [file]
    assert (await user.get(f"{FILES}/{file['id']}")).json() == file
    refused = await user.post(
        FILES, files={"file": ("b.txt", b"x")}, data={"agent_id": agent["id"]}
    )
    problem(refused, 403, "forbidden")
    assert (await admin.delete(f"{path}/{file['id']}")).status_code == 204
    problem(await admin.delete(f"{path}/{file['id']}"), 404, "not-found")
    assert (await admin.post(path, json={"file_id": file["id"]})).json() == file
    problem(await user.get(f"{path}/{file['id']}"), 405, "method-not-allowed")


async def test_a_removed_file_is_gone(company: Company):
    file = await a_file(company.admin, TEXT)
    assert (await company.admin.delete(f"{FILES}/{file['id']}")).status_code == 204
    for path in ("", "/content", "/text"):
        problem(await company.admin.get(f"{FILES}/{file['id']}{path}"), 404, "not-found")
    blobs = company.house.desk.ports.blobs
    assert isinstance(blobs, MemoryBlobs)
    assert blobs.kept == {}


async def test_bytes_that_cannot_be_had_are_503(company: Company):
    file = await a_file(company.admin, TEXT)
    blobs = company.house.desk.ports.blobs
    assert isinstance(blobs, MemoryBlobs)
    blobs.is_down = True
    problem(await company.admin.get(f"{FILES}/{file['id']}/content"), 503, "unavailable")
    answer = await company.admin.post(FILES, files={"file": ("b.txt", b"x")})
    problem(answer, 503, "unavailable")


async def test_a_message_brings_files(company: Company):
    file = await a_file(company.admin, TEXT)
    thread = await created(company.admin, "/chat/threads")
    runner = company.house.desk.ports.runner
    assert isinstance(runner, ScriptedRunner)
    runner.scripts.append(saying("I see."))
    path = f"/api/v1/chat/threads/{thread['id']}/messages"
    body = {"content": "Look!", "attachments": [file["id"]]}
    answer = (await company.admin.post(path, json=body)).json()
    assert answer["user_message"]["attachments"] == [file["id"]]
    assert (await company.admin.get(path)).json()["data"][0]["attachments"] == [file["id"]]
