"""What the database's errors mean to the desk."""

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.failures import explaining, in_our_words
from hexdesk.core.errors import (
    BusyError,
    ConflictError,
    DeskError,
    InvalidError,
    NotFoundError,
    StorageUnavailableError,
)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (asyncpg.UniqueViolationError("x"), ConflictError),
        (asyncpg.ForeignKeyViolationError("x"), NotFoundError),
        (asyncpg.DeadlockDetectedError("x"), BusyError),
        (asyncpg.LockNotAvailableError("x"), BusyError),
        (asyncpg.SerializationError("x"), BusyError),
        (asyncpg.UntranslatableCharacterError("x"), InvalidError),
        (asyncpg.ProgramLimitExceededError("x"), InvalidError),
        (ConnectionRefusedError("x"), StorageUnavailableError),
        (TimeoutError(), StorageUnavailableError),
        (asyncpg.InterfaceError("x"), StorageUnavailableError),
        (asyncpg.InternalClientError("x"), StorageUnavailableError),
        (asyncpg.ConnectionDoesNotExistError("x"), StorageUnavailableError),
        (asyncpg.AdminShutdownError("x"), StorageUnavailableError),
        (asyncpg.CannotConnectNowError("x"), StorageUnavailableError),
        (asyncpg.QueryCanceledError("x"), StorageUnavailableError),
        (asyncpg.TooManyConnectionsError("x"), StorageUnavailableError),
        (asyncpg.DiskFullError("x"), StorageUnavailableError),
        (asyncpg.PostgresIOError("x"), StorageUnavailableError),
        (asyncpg.InvalidPasswordError("x"), StorageUnavailableError),
        (asyncpg.InvalidCatalogNameError("x"), StorageUnavailableError),
        (asyncpg.ReadOnlySQLTransactionError("x"), StorageUnavailableError),
        (asyncpg.InvalidCachedStatementError("x"), StorageUnavailableError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_an_error_says_what_it_means(error: Exception, ours: type[DeskError]) -> None:
    with pytest.raises(DeskError) as caught, explaining:
        raise error
    assert type(caught.value) is ours
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("uq_users_email", "the e-mail address is taken"),
        ("uq_organizations_slug", "the slug is taken"),
        ("pk_tickets", "something with the same values is there already"),
        (None, "something with the same values is there already"),
    ],
)
def test_a_conflict_says_what_is_taken(constraint: str | None, words: str) -> None:
    error = asyncpg.UniqueViolationError("x")
    error.constraint_name = constraint
    assert str(in_our_words(error)) == words


@pytest.mark.parametrize(
    "mistake",
    [
        asyncpg.PostgresSyntaxError("x"),
        asyncpg.InsufficientPrivilegeError("x"),
        asyncpg.NotNullViolationError("x"),
        ValueError("x"),
    ],
    ids=lambda mistake: type(mistake).__name__,
)
def test_a_mistake_of_ours_stays_what_it_is(mistake: Exception) -> None:
    with pytest.raises(type(mistake)) as caught, explaining:
        raise mistake
    assert caught.value is mistake
