"""`hexdesk api` and `hexdesk mcp` on a database that is not theirs."""

import asyncio
from pathlib import Path

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.roles import OWNER, bootstrap
from tests.database import Database
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk

SECRET = "shared by the processes of a test and long enough to sign with"
LEASE_SECONDS = 2


def made_ready(server: EmbeddedPostgres, name: str) -> Database:
    """Make a database with the present schema.

    Whoever shares it goes on with what is left behind there, also with a run of another test's.
    """
    from hexdesk.adapters.storage.postgres.migrate import migrate  # noqa: PLC0415  takes seconds

    database = Database(server, name)
    asyncio.run(bootstrap(server.url("postgres", SUPERUSER), database.name))
    migrate(server.url(database.name, OWNER))
    return database


def apart(command: str, folder: Path, database: Database, model: Model, **settings: str) -> Hexdesk:
    """Return a process on a database of its own operator's, which does no tasks unless asked."""
    return Hexdesk(
        command,
        folder,
        {
            "HEXDESK_DATABASE_URL": database.url,
            "HEXDESK_SECRET_KEY": SECRET,
            "HEXDESK_RUN_LEASE": str(LEASE_SECONDS),
            "HEXDESK_WORKER_CONCURRENCY": "0",
            **model.settings,
            **settings,
        },
    )
