"""A database with the present schema, empty at the start of each test."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.roles import APPLICATION, OWNER, bootstrap
from hexdesk.core.ports.storage import Storage

# Everything else hangs from these by its foreign keys. Whoever left a transaction open is told.
EMPTY = "SET lock_timeout = '20s'; TRUNCATE organizations, failed_sign_ins CASCADE"


@dataclass(frozen=True)
class Database:
    """A database on the tests' server, as each of the roles reaches it."""

    server: EmbeddedPostgres
    name: str

    @property
    def url(self) -> str:
        """Return the URL of the application's role, which hexdesk runs as."""
        return self.server.url(self.name, APPLICATION)

    @property
    def owner_url(self) -> str:
        """Return the URL of the role that runs migrations."""
        return self.server.url(self.name, OWNER)

    @property
    def superuser_url(self) -> str:
        """Return the URL of the role that nothing is hidden from."""
        return self.server.url(self.name, SUPERUSER)


@pytest.fixture(scope="session")
def shared_database(postgres_server: EmbeddedPostgres) -> Database:
    """Return the one database that tests take in turns, with the present schema."""
    # Here, since every run of pytest loads this module, and most unit tests need no database.
    from hexdesk.adapters.storage.postgres.migrate import migrate  # noqa: PLC0415  see above

    database = Database(postgres_server, "hexdesk")
    asyncio.run(bootstrap(postgres_server.url("postgres", SUPERUSER), database.name))
    migrate(database.owner_url)
    return database


@pytest.fixture
async def database(shared_database: Database) -> Database:
    """Return a database without any records."""
    superuser = await asyncpg.connect(shared_database.superuser_url)
    try:
        await superuser.execute(EMPTY)
    finally:
        await superuser.close()
    return shared_database


@pytest.fixture
async def storage(database: Database) -> AsyncGenerator[Storage]:
    """Return the storage over an empty database."""
    from hexdesk.adapters.storage.postgres.storage import PostgresStorage  # noqa: PLC0415  as above

    async with PostgresStorage.open(database.url) as storage:
        yield storage
