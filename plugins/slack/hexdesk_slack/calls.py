"""Calls of Slack's API, and what their failures mean."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import msgspec
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from hexdesk.core import (
    DeskError,
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk_slack.configuration import SlackSettings

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
USUAL_WAIT, LONGEST_WAIT = 30.0, 3600.0
OK, TOO_MANY, NO_SERVICE, FIRST_FAILURE = 200, 429, 503, 500

# Slack says of these that the call may have had its effect.
UNKNOWN = frozenset({"fatal_error", "internal_error"})
TRANSIENT = frozenset({"request_timeout", "service_unavailable", "team_added_to_org"})
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
GONE = "Slack no longer takes the token: the app was removed from the workspace; install it again"
MEANINGS = {
    "token_revoked": GONE,
    "token_expired": GONE,
    "account_inactive": GONE,
    "invalid_auth": "Slack does not take the token: install the app again",
    "not_authed": "Slack was sent no token: install the app again",
    "channel_not_found": "the channel does not exist, or the app cannot see it",
    "not_in_channel": "the app is not in the channel: invite it",
    "is_archived": "the channel is archived",
    "thread_not_found": "the thread was deleted",
    "missing_scope": "the app lacks a permission: install it again",
}

WebClient = Any
"""The SDK's `AsyncWebClient`, whose methods have types only in part."""


Answer = TypeVar("Answer")


class Done(msgspec.Struct, frozen=True):
    """What is said of a message that was posted or changed: its timestamp."""

    ts: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""
    needed: str = ""


@asynccontextmanager
async def calling(settings: SlackSettings, token: str = "") -> AsyncGenerator[WebClient]:
    """Open a client that repeats nothing by itself."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        # The SDK's usual handlers post again when a connection is lost after the first post.
        yield AsyncWebClient(token or None, settings.base_url, session=session, retry_handlers=[])


async def asked(call: Awaitable[Any], kind: type[Answer]) -> Answer:
    """Return the answer to a question; raise as `Channel.deliver` does, no outcome unknown."""
    return await _answered(call, kind, UnavailableError)


async def told(call: Awaitable[Any]) -> Done:
    """Return the answer to a call that changes something; raise as `Channel.deliver` does."""
    return await _answered(call, Done, OutcomeUnknownError)


async def _answered(
    call: Awaitable[Any], kind: type[Answer], doubt: type[UnavailableError]
) -> Answer:
    try:
        response = await call
        # The SDK's stream answers nothing where it keeps what it was given.
        return msgspec.convert(response.data if response else {}, kind)
    except SlackApiError as error:
        raise _refused(error, doubt) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise UnavailableError(f"cannot reach Slack: {error}") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise doubt(f"Slack did not answer: {error or type(error).__name__}") from error
    # The SDK takes any answer for JSON, and any JSON for an object.
    except (AttributeError, msgspec.ValidationError) as error:
        raise doubt("Slack answered something that is no answer") from error


def _refused(error: SlackApiError, doubt: type[UnavailableError]) -> DeskError:
    response: Any = error.response
    # Where the body was no JSON, the SDK hands on aiohttp's answer instead of its own.
    is_sdks: bool = isinstance(error.response, AsyncSlackResponse)
    status: int = response.status_code if is_sdks else response.status
    try:
        refusal = msgspec.convert(response.data if is_sdks else {}, _Refusal)
    except msgspec.ValidationError:
        refusal = _Refusal()
    code = refusal.error
    if status == TOO_MANY or code in LIMITED:
        wait = seconds(response.headers.get("Retry-After"))
        return RetryAfterError("Slack asks to be left alone for a while", retry_after=wait)
    if code in UNKNOWN or (status >= FIRST_FAILURE and status != NO_SERVICE):
        return doubt(f"Slack failed: {code or status}")
    if code in TRANSIENT or status == NO_SERVICE:
        return UnavailableError("Slack is not available")
    if status == OK and not code:
        return doubt("Slack answered something that is no answer")
    meaning = MEANINGS.get(code, "Slack refuses")
    needed = f": {refusal.needed}" if refusal.needed else ""
    return UndeliverableError(f"{meaning} ({code or status}{needed})")


def seconds(header: str | None) -> float:
    """Return how long Slack wants to be left alone."""
    return min(float(header), LONGEST_WAIT) if header and header.isdecimal() else USUAL_WAIT
