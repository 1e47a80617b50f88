"""What can be wrong with a model, in words for the log."""

from pydantic_ai.exceptions import (
    ModelConnectionError,
    ModelHTTPError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
)

MOST_CHARACTERS = 200
PASSING_STATUS = frozenset({429, 500, 502, 503, 504, 529})


def is_passing(error: Exception) -> bool:
    """Tell whether the same request may well succeed in a moment."""
    if isinstance(error, ModelHTTPError):
        return error.status_code in PASSING_STATUS
    return isinstance(error, ModelConnectionError) and not isinstance(error, ModelTimeoutError)


def words(error: Exception) -> str:
    """Say what went wrong, without what the provider echoed of the request or said instead."""
    if isinstance(error, ModelHTTPError):
        return f"{type(error).__name__}: {error.model_name} answered {error.status_code}"
    if isinstance(error, UnexpectedModelBehavior):
        return f"{type(error).__name__}: {error.message[:MOST_CHARACTERS]}"
    if isinstance(error, TimeoutError):
        return "timeout: the model did not answer in time"
    return f"{type(error).__name__}: {str(error)[:MOST_CHARACTERS]}"
