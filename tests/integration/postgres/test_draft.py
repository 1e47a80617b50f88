"""The next migration is drafted from what the tables say."""

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from hexdesk.adapters.storage.postgres.embedded import EmbeddedPostgres
from hexdesk.adapters.storage.postgres.migrate import head_revision
from hexdesk.adapters.storage.postgres.migrations.draft import (
    main,
    missing_statements,
    write_migration,
)
from hexdesk.adapters.storage.postgres.tables import Row


@pytest.fixture
def changed_tables() -> MetaData:
    """Today's tables, one of them with a new column, and a new table."""
    tables = MetaData(naming_convention=Row.metadata.naming_convention)
    for table in Row.metadata.tables.values():
        table.to_metadata(tables)
    tables.tables["threads"].append_column(Column("mood", Text))
    Table("moods", tables, Column("id", Integer, primary_key=True))
    return tables


def test_todays_tables_need_no_migration(postgres_server: EmbeddedPostgres) -> None:
    assert missing_statements(postgres_server, Row.metadata, f"draft-{uuid4()}") == ""


def test_what_is_new_is_drafted_as_sql(
    postgres_server: EmbeddedPostgres, changed_tables: MetaData
) -> None:
    statements = missing_statements(postgres_server, changed_tables, f"draft-{uuid4()}")
    assert "CREATE TABLE moods" in statements
    assert "ALTER TABLE threads ADD COLUMN mood TEXT;" in statements


def test_the_migration_follows_the_newest(tmp_path: Path) -> None:
    module, script = write_migration(tmp_path, "threads remember a mood", "SELECT 1;")
    following = f"{int(head_revision()) + 1:04}"
    assert module.name == f"{following}_threads_remember_a_mood.py"
    assert script.read_text(encoding="utf-8") == "SELECT 1;\n"
    text = module.read_text(encoding="utf-8")
    assert text.startswith('"""Threads remember a mood."""')
    assert f'revision = "{following}"\ndown_revision = "{head_revision()}"' in text


def test_a_migration_without_a_title_is_refused() -> None:
    with pytest.raises(SystemExit, match="say what changes"):
        main([" "])


def test_a_migration_without_a_change_is_refused() -> None:
    with pytest.raises(SystemExit, match="nothing to migrate"):
        main(["nothing", "at", "all"])
