"""Two of each process behind the shipped nginx, on one PostgreSQL and one Valkey."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.database import Database
from tests.e2e.deploy.nginx import Nginx, nginx_before
from tests.e2e.resilience.apart import LEASE_SECONDS, SECRET
from tests.e2e.resilience.processes import Hexdesk, free_ports, running
from tests.e2e.resilience.workers import Worker
from tests.openai_server import OpenAIServer
from tests.valkey_server import ValkeyServer

LONGEST_EXCERPT = 20_000

Pair = tuple[Hexdesk, Hexdesk]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What runs."""

    nginx: Nginx
    apis: Pair
    mcps: Pair
    workers: Pair

    @asynccontextmanager
    async def telling(self) -> AsyncGenerator[None]:
        """Write what everybody logged last to standard error if it goes wrong inside."""
        try:
            yield
        except BaseException:
            self._tell()
            raise

    def _tell(self) -> None:
        for process in (*self.apis, *self.mcps, *self.workers):
            sys.stderr.write(f"--- {process.log}\n{process.end_of_log()}\n")
        logged = f"{self.nginx.log()}\n{self.nginx.errors()}"
        sys.stderr.write(f"--- nginx\n{logged[-LONGEST_EXCERPT:]}\n")


@asynccontextmanager
async def installation(
    folder: Path, database: Database, valkey: ValkeyServer, model: OpenAIServer
) -> AsyncGenerator[Installation]:
    """Start it all, and end it again."""
    api_port, mcp_port = free_ports(2)
    settings = {
        "HEXDESK_DATABASE_URL": database.url,
        "HEXDESK_SECRET_KEY": SECRET,
        "HEXDESK_REDIS_URL": valkey.url,
        "HEXDESK_RUN_LEASE": str(LEASE_SECONDS),
        "HEXDESK_HEALTH_CHECK": "0",
        "HEXDESK_TRUSTED_PROXIES": "127.0.0.1",
        "HEXDESK_MCP_URL": f"http://127.0.0.1:{mcp_port}/mcp",
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "a key",
    }
    apis, mcps = (
        (
            Hexdesk(command, folder / f"{command}-1", settings),
            Hexdesk(command, folder / f"{command}-2", settings),
        )
        for command in ("api", "mcp")
    )
    workers = (
        Worker(folder / "worker-1", database, valkey, model, **settings),
        Worker(folder / "worker-2", database, valkey, model, **settings),
    )
    async with (
        running(*mcps, *apis, *workers),
        nginx_before(
            folder / "nginx",
            [one.port for one in apis],
            [one.port for one in mcps],
            ports=(api_port, mcp_port),
        ) as nginx,
    ):
        yield Installation(nginx=nginx, apis=apis, mcps=mcps, workers=workers)
