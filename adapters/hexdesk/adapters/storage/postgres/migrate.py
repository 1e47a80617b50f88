"""Bring the schema of a database up to date."""

from functools import partial
from importlib.resources import files
from pathlib import Path

import asyncpg
from advanced_alchemy.alembic.commands import AlembicCommands
from advanced_alchemy.config import AlembicAsyncConfig, SQLAlchemyAsyncConfig
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

VERSION_TABLE = "hexdesk_alembic"
MIGRATIONS = Path(str(files("hexdesk.adapters.storage.postgres.migrations")))


def migrate(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision, as its owner; call it outside of any event loop."""
    alembic_commands(owner_url).upgrade(revision)


def head_revision() -> str:
    """Return the revision that this version of hexdesk works with."""
    newest = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return newest.partition("_")[0]


def alembic_commands(owner_url: str) -> AlembicCommands:
    """Return Alembic's commands for a database."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        # asyncpg reads the URL itself here as everywhere else: SQLAlchemy knows fewer options.
        async_creator=partial(asyncpg.connect, owner_url),
        poolclass=NullPool,
    )
    return AlembicCommands(
        SQLAlchemyAsyncConfig(
            engine_instance=engine,
            alembic_config=AlembicAsyncConfig(
                script_location=str(MIGRATIONS), version_table_name=VERSION_TABLE
            ),
        )
    )
