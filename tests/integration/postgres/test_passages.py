"""What a database does for passages beyond its contract, with pgvector and without."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.migrate import migrate
from hexdesk.adapters.storage.postgres.roles import bootstrap
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.files import FileStatus
from hexdesk.core.model.knowledge import Passage, PassageVector
from hexdesk.core.testing.companies import Company, a_company
from hexdesk.core.testing.file_examples import a_file
from tests.database import Database


@pytest.fixture
async def without_vectors(postgres_server: EmbeddedPostgres) -> Database:
    """Return a database with the present schema on a server without the extension."""
    database = Database(postgres_server, f"plain-{uuid4()}")
    await bootstrap(postgres_server.url("postgres", SUPERUSER), database.name)
    superuser = await asyncpg.connect(database.superuser_url)
    await superuser.execute("DROP EXTENSION vector")
    await superuser.close()
    await asyncio.to_thread(migrate, database.owner_url)
    return database


@pytest.fixture
async def plain(without_vectors: Database) -> AsyncGenerator[PostgresStorage]:
    """Return a storage that keeps no vectors."""
    async with PostgresStorage.open(without_vectors.url) as storage:
        yield storage


async def a_question(company: Company) -> tuple[int, int]:
    """Store a passage with a vector, and return how many words and how many vectors find."""
    file = a_file(status=FileStatus.READY)
    async with company.transaction() as transaction:
        passages = transaction.passages
        await transaction.files.add(file)
        await passages.replace(file.id, [Passage(file_id=file.id, position=0, text="A refund.")])
        await passages.put_vectors(file.id, "m", [PassageVector(position=0, vector=(1.0, 2.0))])
        found = await passages.search("refunds", [file.id], 9)
        return len(found), len(await passages.nearest("m", (1.0, 2.0), [file.id], 9))


async def test_with_the_extension_both_searches_find(storage: PostgresStorage) -> None:
    assert await storage.keeps_vectors()
    assert await a_question(await a_company(storage)) == (1, 1)


async def test_without_the_extension_words_are_found_all_the_same(plain: PostgresStorage) -> None:
    assert not await plain.keeps_vectors()
    assert await a_question(await a_company(plain)) == (1, 0)


async def test_the_extension_may_be_added_later(
    without_vectors: Database, plain: PostgresStorage
) -> None:
    superuser = await asyncpg.connect(without_vectors.superuser_url)
    await superuser.execute("CREATE EXTENSION vector")
    await superuser.close()
    for _ in range(2):
        await asyncio.to_thread(migrate, without_vectors.owner_url)
    assert await plain.keeps_vectors()
    assert await a_question(await a_company(plain)) == (1, 1)
