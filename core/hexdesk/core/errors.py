"""What can go wrong at the desk, without a word of HTTP."""

import math
from collections.abc import Sequence


class DeskError(Exception):
    """Something the caller can be told about; the message is written for people."""


class NotFoundError(DeskError):
    """The thing does not exist, or belongs to somebody else: callers cannot tell which."""


class UnauthenticatedError(DeskError):
    """The caller did not prove who it is."""


class ForbiddenError(DeskError):
    """The caller is known, and may not do this."""


class ApprovalRequiredError(ForbiddenError):
    """The call needs a person's approval first."""


class ConflictError(DeskError):
    """The request does not fit the present state of the thing."""

    def __init__(self, message: str, *, allowed: Sequence[str] | None = None) -> None:
        """Keep what would have been allowed instead, where that is known."""
        super().__init__(message)
        self.allowed = None if allowed is None else tuple(allowed)


class BusyError(ConflictError):
    """The thing is being worked on, and the wait was too long: try again a little later."""


class ThreadTakenOverError(ConflictError):
    """A person has taken the conversation over: what the agent made of it meanwhile is dropped."""


class InvalidError(DeskError):
    """A well-formed value breaks a rule; `pointer` is the RFC 6901 pointer to it."""

    def __init__(self, message: str, *, pointer: str = "") -> None:
        """Keep the place of the mistake."""
        super().__init__(message)
        self.pointer = pointer


class TooLargeError(DeskError):
    """A file is larger than this installation takes."""


class UnsupportedFileError(DeskError):
    """A file is of no type that is read here, or of another type than is claimed for it."""


class IdempotencyMismatchError(InvalidError):
    """An idempotency key came back with another body."""


class GoneError(DeskError):
    """The thing existed and is no longer kept."""


class RateLimitedError(DeskError):
    """Too many attempts; `retry_after` says in how many seconds the next may come."""

    def __init__(
        self, message: str, *, retry_after: int, policy: str, limit: int, period_seconds: int
    ) -> None:
        """Keep the time to wait and the rate that was exceeded."""
        super().__init__(message)
        self.retry_after = retry_after
        self.policy = policy
        self.limit = limit
        self.period_seconds = period_seconds


class UnavailableError(DeskError):
    """Something the desk needs is down or full; the same call may succeed later."""

    retry_after = 5


class OutcomeUnknownError(UnavailableError):
    """A call went out and no answer came back: the other side may have acted on it."""


class StorageUnavailableError(UnavailableError):
    """The storage cannot be reached."""


LONGEST_WAIT_SECONDS = 86_400


class RetryAfterError(UnavailableError):
    """The other system wants to be asked again later: in `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        """Keep the time to wait; what a stranger wishes for is at most a day, and no time too."""
        super().__init__(message)
        # In this order, since nothing is less than what is no number.
        self.retry_after = math.ceil(max(0, min(LONGEST_WAIT_SECONDS, retry_after)))


class UndeliverableError(DeskError):
    """A message can never be delivered; the message says why."""


class ToolFailedError(DeskError):
    """A tool could not do its work; the message may be shown to the model."""


class ToolAccessDeniedError(ToolFailedError):
    """The tool server refused the call: the run's capability does not cover it."""


class ToolsUnavailableError(ToolFailedError):
    """The tool server cannot be reached, or did not answer in time."""


class ModelUnavailableError(UnavailableError):
    """No model could be asked: unknown provider, missing key, error or timeout."""


class RunLimitError(DeskError):
    """A run used up its model requests or its time."""


class EgressRefusedError(DeskError):
    """The address may not be called from here."""


class JournalFullError(DeskError):
    """The local journal cannot take another entry."""


class TaskFailedError(DeskError):
    """A task cannot be done, however often it is tried; the message is shown as its error."""


class ExtractionError(TaskFailedError):
    """A file cannot be read; the message says why, and what its owner may do about it."""


class TaskLostError(DeskError):
    """A task under way is somebody else's by now, or was cancelled: no more may be done for it."""
