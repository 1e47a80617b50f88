"""What can be wrong with a model, told apart and put into words."""

import pytest
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
    UserError,
)

from hexdesk.adapters.agents.pydantic_ai.failures import is_passing, words

BODY = {"error": {"message": "the customer wrote: my password is hunter2"}}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_a_busy_or_broken_provider_may_be_well_in_a_moment(status: int) -> None:
    assert is_passing(ModelHTTPError(status, "gpt", BODY))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_wrong_request_stays_wrong(status: int) -> None:
    assert not is_passing(ModelHTTPError(status, "gpt", BODY))


def test_a_line_that_broke_may_hold_the_next_time() -> None:
    assert is_passing(ModelConnectionError("gpt", "connection reset"))


@pytest.mark.parametrize(
    "error",
    [
        ModelTimeoutError("gpt", "timed out"),
        TimeoutError(),
        UserError("no such model"),
        UnexpectedModelBehavior("nonsense"),
        ModelAPIError("gpt", "something"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nothing_else_gets_better_by_itself(error: Exception) -> None:
    assert not is_passing(error)


def test_words_name_the_model_and_the_status_and_nothing_that_was_said() -> None:
    told = words(ModelHTTPError(500, "gpt-4o", BODY))
    assert told == "ModelHTTPError: gpt-4o answered 500"


def test_what_a_model_said_instead_is_not_told() -> None:
    told = words(UnexpectedModelBehavior("Invalid response", str(BODY)))
    assert told == "UnexpectedModelBehavior: Invalid response"


def test_a_model_that_took_too_long_is_said_to_have() -> None:
    assert words(TimeoutError()) == "timeout: the model did not answer in time"


def test_words_are_few() -> None:
    assert len(words(UserError("x" * 1000))) < 250
