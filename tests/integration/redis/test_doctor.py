"""What `hexdesk doctor` finds of Redis."""

import asyncio
from pathlib import Path

import pytest

from hexdesk.entrypoints.bootstrap.shared import redis_problem
from hexdesk.entrypoints.diagnosis import diagnose
from tests.valkey_server import ValkeyServer


async def problem(url: str) -> str | None:
    """Ask as a command does, outside of any event loop."""
    return await asyncio.to_thread(redis_problem, url)


async def test_a_redis_that_works_has_no_problem(valkey: ValkeyServer) -> None:
    assert await problem(valkey.url) is None


async def test_a_redis_that_is_gone_is_told_with_the_reason(valkey: ValkeyServer) -> None:
    valkey.stop()
    told = await problem(valkey.url)
    assert told is not None
    assert told.startswith("Redis does not answer: Error 111 connecting to 127.0.0.1")


@pytest.mark.parametrize("url", ["redis://:se/cret@host:6379/0", "redis://:se-cret@host:port/0"])
async def test_a_url_that_cannot_be_used_is_told_without_its_password(url: str) -> None:
    told = await problem(url)
    assert told is not None
    assert told.startswith("HEXDESK_REDIS_URL cannot be used")
    assert "cret" not in told


def test_redis_is_looked_at_where_one_is_set(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def found() -> list[tuple[str, str]]:
        return [(one.status, one.found) for one in diagnose(tmp_path) if one.subject == "redis"]

    monkeypatch.delenv("HEXDESK_REDIS_URL", raising=False)
    assert found() == []
    monkeypatch.setenv("HEXDESK_REDIS_URL", valkey.url)
    assert found() == [("ok", "HEXDESK_REDIS_URL works")]
    valkey.kill()
    assert found()[0][0] == "warning"
