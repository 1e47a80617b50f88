"""Connections to the file, each with what keeps organizations apart."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

from hexdesk.core import InvalidError
from hexdesk_sqlite.vectors import cosine

MOST_STATEMENTS = 500
_TENANT_TABLES = """
    SELECT t.name FROM main.sqlite_master AS t
    JOIN pragma_table_info(t.name) AS c ON c.name = 'organization_id'
    WHERE t.type = 'table'
"""


class Bound:
    """The organization that a connection is bound to at the moment, if to any."""

    def __init__(self) -> None:
        self.organization_id: str | None = None

    def to(self, organization_id: UUID | None) -> None:
        """Bind the connection to an organization, or to none."""
        self.organization_id = None if organization_id is None else str(organization_id)


def file_of(url: str) -> Path:
    """Return the file that a URL names: `sqlite:///relative` or `sqlite:////absolute`."""
    parts = urlsplit(url)
    path = unquote(parts.path[1:])
    if parts.netloc or not path or parts.query or parts.fragment or "\0" in path:
        raise InvalidError(
            "HEXDESK_DATABASE_URL is not understood: write sqlite:////var/lib/hexdesk/desk.sqlite,"
            " or sqlite:///desk.sqlite for a file in this directory"
        )
    return Path(path)


def connect(file: Path, *, busy_seconds: float, mode: str = "rw") -> sqlite3.Connection:
    """Open a file; what it is asked for waits so long for others who are writing."""
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?mode={mode}",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,  # we begin transactions ourselves
        check_same_thread=False,  # one thread at a time
        cached_statements=MOST_STATEMENTS,
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.create_function("now", 0, _now, deterministic=True)
        connection.create_function("cosine", 2, cosine, deterministic=True)
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def _now() -> int:
    return time.time_ns() // 1000


def keep_apart(connection: sqlite3.Connection, bound: Bound) -> None:
    """Let statements see, and change, the rows of the bound organization only.

    Of each table there is a view of the same name that comes first: whoever reads `tickets` reads
    those of the organization. Whoever changes `main.tickets` is stopped at rows of another one.
    """
    connection.create_function(
        "this_organization", 0, lambda: bound.organization_id, deterministic=True
    )
    tables: list[Any] = connection.execute(_TENANT_TABLES).fetchall()
    for statement in _fences(
        [("organizations", "id"), *((t[0], "organization_id") for t in tables)]
    ):
        connection.execute(statement)


def _fences(tables: list[tuple[str, str]]) -> Iterator[str]:
    for table, owner in tables:
        yield (
            f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table}"  # noqa: S608  our own names
            f" WHERE {owner} = this_organization()"
        )
        yield (
            f"CREATE TEMP TRIGGER tr_{table}_added BEFORE INSERT ON main.{table}"
            f" WHEN NEW.{owner} IS NOT this_organization()"
            " BEGIN SELECT RAISE(ABORT, 'not of this organization'); END"
        )
        for event in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TEMP TRIGGER tr_{table}_{event} BEFORE {event} ON main.{table}"
                f" WHEN OLD.{owner} IS NOT this_organization()"
                " BEGIN SELECT RAISE(IGNORE); END"
            )
