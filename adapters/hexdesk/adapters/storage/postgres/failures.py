"""What can go wrong with a statement, in the desk's own words."""

from types import TracebackType

import asyncpg

from hexdesk.core.errors import (
    BusyError,
    ConflictError,
    DeskError,
    InvalidError,
    NotFoundError,
    StorageUnavailableError,
)

_TAKEN = {
    "uq_users_email": "the e-mail address is taken",
    "uq_organizations_slug": "the slug is taken",
    "uq_channel_connections_account": "this account is connected already",
}
_BUSY = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError)
_UNSTORABLE = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)
_UNAVAILABLE = (
    OSError,  # and with it TimeoutError
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # the server has become a standby
    asyncpg.InvalidCachedStatementError,  # the schema has just been changed
)


def in_our_words(error: BaseException) -> DeskError | None:
    """Say what a driver's error means to the desk; None if it means that we made a mistake."""
    ours: DeskError | None = None
    if isinstance(error, asyncpg.UniqueViolationError):
        taken = _TAKEN.get(error.constraint_name or "")
        ours = ConflictError(taken or "something with the same values is there already")
    elif isinstance(error, asyncpg.ForeignKeyViolationError):
        ours = NotFoundError("what it belongs to does not exist")
    elif isinstance(error, _BUSY):
        ours = BusyError("another change of the same thing has been going on for too long")
    elif isinstance(error, _UNSTORABLE):
        ours = InvalidError(f"a value cannot be stored: {error}")
    elif isinstance(error, _UNAVAILABLE):
        ours = StorageUnavailableError(f"the database cannot be used: {error}")
    return ours


class _Explaining:
    """Turns the driver's errors into the desk's; keeps no state, so one is enough."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise the desk's error in place of the driver's."""
        if error is not None and (ours := in_our_words(error)) is not None:
            raise ours from error


explaining = _Explaining()
