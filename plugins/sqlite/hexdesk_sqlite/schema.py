"""The schema: files of SQL that are applied once each, in the order of their numbers."""

import sqlite3
from importlib.resources import files
from pathlib import Path

from hexdesk.core import InvalidError
from hexdesk_sqlite.opening import connect

UPGRADE_SECONDS = 60
_OLDEST = (3, 38, 0)  # has STRICT tables, RETURNING and JSON


def steps() -> list[tuple[int, str]]:
    """Return the numbers of all steps and their statements."""
    found = files("hexdesk_sqlite").joinpath("migrations").iterdir()
    named = sorted((one.name, one) for one in found if one.name.endswith(".sql"))
    return [(int(name[:4]), one.read_text()) for name, one in named]


def upgrade(file: Path) -> int:
    """Bring a file to the newest schema, make it if need be, and return that schema's number.

    Raise `InvalidError` for a file that cannot be used, or is of a newer hexdesk.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(file, busy_seconds=UPGRADE_SECONDS, mode="rwc")
        try:
            return _apply(connection)
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        raise InvalidError(f"cannot upgrade the database {str(file)!r}: {error}") from error


def _apply(connection: sqlite3.Connection) -> int:
    # Kept in the file: from now on those who read do not wait for those who write.
    connection.execute("PRAGMA journal_mode = WAL")
    known = steps()
    newest = known[-1][0]
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > newest:
        raise InvalidError("the database is newer than this hexdesk-sqlite: upgrade that")
    for number, statements in known:
        # Under the lock, since another process may be at the same.
        connection.execute("BEGIN IMMEDIATE")
        try:
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version < number:
                for statement in _split(statements):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return newest


def _split(statements: str) -> list[str]:
    """Return the statements of a file; one of a trigger has semicolons of its own."""
    found: list[str] = []
    pending = ""
    for line in statements.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found


def problem(file: Path) -> str | None:
    """Say what keeps a file from being used and what to do about it; None if nothing."""
    if sqlite3.sqlite_version_info < _OLDEST:
        return f"SQLite {sqlite3.sqlite_version} is too old: Python must come with 3.38 or newer"
    if not file.exists():
        return f"no database {str(file)!r}: run `hexdesk db upgrade`"
    try:
        connection = connect(file, busy_seconds=1)
        try:
            [version] = connection.execute("PRAGMA user_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return f"the database {str(file)!r} cannot be used: {error}"
    newest = steps()[-1][0]
    if version < newest:
        return f"the schema of {str(file)!r} is old: run `hexdesk db upgrade`"
    if version > newest:
        return f"the schema of {str(file)!r} is newer than this hexdesk-sqlite: upgrade that"
    return None
