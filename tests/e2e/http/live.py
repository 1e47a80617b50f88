"""The API on a real server, in a process of its own, for clients that know no event loop."""

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from hexdesk.core.model.tickets import TicketDraft
from hexdesk.core.ports.agents import RunProgress, RunRequest
from hexdesk.core.testing import ScriptedRunner, saying
from tests.e2e.http.house import DELETE_IT, a_house
from tests.unit.core.people import waiting

ROOT = Path(__file__).resolve().parents[3]
READY = "ready"


class TalkativeRunner(ScriptedRunner):
    """Answers every message, asks before it deletes, and draws a ticket of every text."""

    def run(self, request: RunRequest) -> AsyncGenerator[RunProgress]:
        self.scripts.append(waiting() if request.content == DELETE_IT else saying("Hello!"))
        return super().run(request)

    async def draft_ticket(self, request: RunRequest) -> TicketDraft:
        self.drafts.append(TicketDraft(title="Help"))
        return await super().draft_ticket(request)


@contextmanager
def a_live_house() -> Generator[str]:
    """Serve a house in memory until the block ends; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.e2e.http.live", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout
            assert server.stdout.readline().strip() == READY, "the server did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


async def _serve(port: int) -> None:
    async with a_house(runner=TalkativeRunner()) as house:
        server = Server(
            house.app,
            address="127.0.0.1",
            port=port,
            interface=Interfaces.ASGI,
            log_enabled=False,
            websockets=False,
        )
        serving = asyncio.create_task(server.serve())
        await _answers(port)
        print(READY, flush=True)  # noqa: T201  the parent waits for this line
        await serving


async def _answers(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


if __name__ == "__main__":
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    asyncio.run(_serve(int(sys.argv[1])))
