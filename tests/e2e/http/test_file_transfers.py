"""Files on their way: clients that hang up or are slow, and stores that break off."""

from collections.abc import AsyncGenerator

from structlog.testing import capture_logs

from hexdesk.core.testing import MemoryBlobs, SteadyClock
from tests.e2e.http.forms import BOUNDARY, FILES, form, part
from tests.e2e.http.house import Company, a_file, a_house, unlimited
from tests.e2e.http.wire import Beginning, a_wire


async def test_whoever_hangs_up_leaves_nothing_behind(company: Company):
    token = company.tokens["access_token"]
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    body = Beginning(f"--{BOUNDARY}\r\n{part('file', 'the beginning', 'a.txt')}".encode())
    async with a_wire(company.house.app, "POST", FILES, headers, body) as wire:
        assert wire.status == 400
    blobs = company.house.desk.ports.blobs
    assert isinstance(blobs, MemoryBlobs)
    assert blobs.kept == {}


class FailingBlobs(MemoryBlobs):
    """Loses its store when the first piece has been read."""

    async def read(self, key: str) -> AsyncGenerator[bytes]:
        content = await super().read(key)

        async def pieces() -> AsyncGenerator[bytes]:
            async for piece in content:
                yield piece
                self.is_down = True

        return pieces()


async def test_bytes_that_break_off_are_fewer_than_were_promised():
    async with a_house(blobs=FailingBlobs()) as house:
        company = await house.company()
        file = await a_file(company.admin, b"x" * 200_000)
        token = {"authorization": f"Bearer {company.tokens['access_token']}"}
        path = f"{FILES}/{file['id']}/content"
        with capture_logs() as logs:
            async with a_wire(house.app, "GET", path, token) as wire:
                came = await wire.rest()
        assert 0 < len(came) < int(wire.headers["content-length"]) == 200_000
        assert [one["event"] for one in logs if one["log_level"] == "error"] == ["file broken off"]
        await company.close()


async def test_whoever_is_slow_with_a_file_slows_nothing_down():
    async with a_house(unlimited(slow_seconds=0.5)) as house:
        company, clock = await house.company(), house.clock
        assert isinstance(clock, SteadyClock)

        async def body() -> AsyncGenerator[bytes]:
            content, *_ = form(part("file", "Hello", "a.txt")).values()
            yield content[:60]
            clock.advance(5)
            yield content[60:]

        kind = form()["headers"]
        assert (await company.admin.post(FILES, content=body(), headers=kind)).status_code == 202
        assert house.telemetry.slow_operations == []
        await company.close()
