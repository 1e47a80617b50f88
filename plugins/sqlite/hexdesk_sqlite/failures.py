"""What can go wrong with a statement, in the desk's own words."""

import sqlite3

from hexdesk.core import (
    ConflictError,
    DeskError,
    InvalidError,
    NotFoundError,
    StorageUnavailableError,
)
from hexdesk.core.errors import BusyError

# SQLite names the columns of an index, but the index itself where it is on an expression.
_TAKEN = {
    "uq_users_email": "the e-mail address is taken",
    "organizations.slug": "the slug is taken",
    "channel_connections.account": "this account is connected already",
}
_UNIQUE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
_UNSTORABLE = frozenset({"SQLITE_TOOBIG", "SQLITE_CONSTRAINT_DATATYPE"})
_UNAVAILABLE = frozenset({"SQLITE_NOTADB", "SQLITE_CORRUPT"})
TOO_LONG = "another change of the same thing has been going on for too long"


def in_our_words(error: Exception) -> DeskError | None:
    """Say what a driver's error means to the desk; None if it means that we made a mistake."""
    name = str(getattr(error, "sqlite_errorname", ""))
    ours: DeskError | None = None
    if name in _UNIQUE:
        taken = [words for of, words in _TAKEN.items() if of in str(error)]
        ours = ConflictError(taken[0] if taken else "something with the same values is there")
    elif name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        ours = NotFoundError("what it belongs to does not exist")
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        ours = BusyError(TOO_LONG)
    elif isinstance(error, OverflowError | UnicodeError | sqlite3.DataError) or name in _UNSTORABLE:
        ours = InvalidError(f"a value cannot be stored: {error}")
    elif name in _UNAVAILABLE or (
        isinstance(error, sqlite3.OperationalError) and name != "SQLITE_ERROR"
    ):
        ours = StorageUnavailableError(f"the database cannot be used: {error}")
    return ours
