"""Requests of other systems: whatever a stranger sends is refused as what it is."""

import httpx2
import pytest
from msgspec import json

from tests.e2e.http.house import problem

ANYTHING = "/api/v1/channels/anything"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["", "/not-an-id", "/01a2108d-4d1c-7c0e-93e8-3a5b7e64a1cd"])
async def test_where_there_is_no_channel_there_is_nothing(
    admin: httpx2.AsyncClient, method: str, path: str
):
    problem(await admin.request(method, ANYTHING + path), 404, "not-found")


async def test_more_than_a_message_can_be_is_too_large(admin: httpx2.AsyncClient):
    answer = await admin.post(ANYTHING, content=b"x" * (1024 * 1024 + 1))
    problem(answer, 413, "too-large")


async def test_how_the_other_system_names_its_format_does_not_matter(admin: httpx2.AsyncClient):
    body = json.encode({"a": 1})
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/xml", "nonsense"):
        answer = await admin.post(ANYTHING, content=body, headers={"content-type": kind})
        problem(answer, 404, "not-found")
