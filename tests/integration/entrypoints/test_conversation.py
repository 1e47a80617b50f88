"""A conversation over the public API: sessions that go on, streams that are resumed."""

from uuid import UUID

import msgspec
import pytest

from hexdesk.entrypoints.api_client import ApiError
from hexdesk.entrypoints.conversation import Conversation
from tests.integration.entrypoints.scripted_api import Reply, events, json, scripted_api

THREAD = UUID("01a20000-0000-7000-8000-000000000001")
RUN = "01a20000-0000-7000-8000-000000000002"
STARTED = (1, "run.started", {"run_id": RUN, "thread_id": str(THREAD)})
SAID = (2, "text.delta", {"text": "Hello."})
COMPLETED = (3, "run.completed", {"degraded": False})
GONE = events(is_cut=True)
SIGNED_IN = json({"access_token": "access-1", "refresh_token": "refresh-1"})
REFRESHED = json({"access_token": "access-2", "refresh_token": "refresh-2"})
SIGNED_OUT = Reply(status=204, body=b"")
EXPIRED = json({"detail": "the token has expired"}, 401)
MESSAGES = f"/api/v1/chat/threads/{THREAD}/messages"


def test_an_answer_comes_event_by_event() -> None:
    with scripted_api(events(STARTED, SAID, COMPLETED)) as api, Conversation(api.url) as talk:
        heard = list(talk.say(THREAD, "hello"))

    assert [(one.id, one.type) for one in heard] == [
        (1, "run.started"),
        (2, "text.delta"),
        (3, "run.completed"),
    ]
    [asked] = api.requests
    assert (asked.method, asked.path) == ("POST", MESSAGES)
    assert msgspec.json.decode(asked.body) == {"content": "hello"}
    assert asked.headers["accept"] == "text/event-stream"


def test_a_stream_that_breaks_off_is_resumed_after_the_last_event() -> None:
    replies = (events(STARTED, SAID, is_cut=True), events(COMPLETED))
    with scripted_api(*replies) as api, Conversation(api.url) as talk:
        heard = list(talk.say(THREAD, "hello"))

    assert [one.id for one in heard] == [1, 2, 3]
    resumed = api.requests[1]
    assert (resumed.method, resumed.path) == (
        "GET",
        f"/api/v1/chat/threads/{THREAD}/runs/{RUN}/events",
    )
    assert resumed.headers["last-event-id"] == "2"


def test_a_stream_that_ends_without_a_last_event_is_resumed_too() -> None:
    replies = (events(STARTED), events(SAID, COMPLETED))
    with scripted_api(*replies) as api, Conversation(api.url) as talk:
        heard = list(talk.say(THREAD, "hello"))

    assert [one.id for one in heard] == [1, 2, 3]
    assert api.requests[1].headers["last-event-id"] == "1"


def test_a_message_whose_run_is_not_known_is_sent_again_as_the_same() -> None:
    replies = (GONE, events(STARTED, COMPLETED))
    with scripted_api(*replies) as api, Conversation(api.url) as talk:
        list(talk.say(THREAD, "hello"))

    first, second = api.requests
    assert (first.method, second.method) == ("POST", "POST")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_two_messages_are_two() -> None:
    replies = (events(STARTED, COMPLETED), events(STARTED, COMPLETED))
    with scripted_api(*replies) as api, Conversation(api.url) as talk:
        list(talk.say(THREAD, "hello"))
        list(talk.say(THREAD, "hello"))

    first, second = api.requests
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_a_stream_that_keeps_breaking_off_is_given_up() -> None:
    with (
        scripted_api(GONE, GONE, GONE, GONE) as api,
        Conversation(api.url) as talk,
        pytest.raises(ApiError, match="cannot reach"),
    ):
        list(talk.say(THREAD, "hello"))

    assert len(api.requests) == 4


def test_a_stream_that_never_ends_well_is_given_up() -> None:
    empty = events()
    with (
        scripted_api(empty, empty, empty, empty) as api,
        Conversation(api.url) as talk,
        pytest.raises(ApiError, match="broke off several times"),
    ):
        list(talk.say(THREAD, "hello"))

    assert api.replies == []


def test_a_refusal_is_told_in_the_apis_words() -> None:
    refusal = json({"title": "It is being worked on", "detail": "the thread is busy"}, 409)
    with (
        scripted_api(refusal) as api,
        Conversation(api.url) as talk,
        pytest.raises(ApiError, match=r"^the thread is busy$"),
    ):
        list(talk.say(THREAD, "hello"))


def test_an_answer_that_is_no_problem_is_told_by_its_status() -> None:
    page = Reply(status=502, body=b"<html>", media_type="text/html")
    with (
        scripted_api(page) as api,
        Conversation(api.url) as talk,
        pytest.raises(ApiError, match=r"^the API answered 502$"),
    ):
        talk.thread(THREAD, None)


def test_a_member_is_signed_in_and_out() -> None:
    replies = (SIGNED_IN, json({"id": str(THREAD)}), SIGNED_OUT)
    with scripted_api(*replies) as api:
        with Conversation(api.url) as talk:
            talk.sign_in("ada@example.com", "correct horse")
            talk.thread(None, None)

        signed_in, started, signed_out = api.requests
    assert msgspec.json.decode(signed_in.body) == {
        "email": "ada@example.com",
        "password": "correct horse",
    }
    assert started.headers["authorization"] == "Bearer access-1"
    assert signed_out.path == "/api/v1/auth/logout"
    assert msgspec.json.decode(signed_out.body) == {"refresh_token": "refresh-1"}


def test_a_session_outlives_its_access_token() -> None:
    replies = (SIGNED_IN, EXPIRED, REFRESHED, events(STARTED, COMPLETED), SIGNED_OUT)
    with scripted_api(*replies) as api:
        with Conversation(api.url) as talk:
            talk.sign_in("ada@example.com", "correct horse")
            heard = list(talk.say(THREAD, "hello"))

        _, refused, refreshed, again, signed_out = api.requests
    assert [one.type for one in heard] == ["run.started", "run.completed"]
    assert (refused.path, again.path) == (MESSAGES, MESSAGES)
    assert msgspec.json.decode(refreshed.body) == {"refresh_token": "refresh-1"}
    assert again.headers["authorization"] == "Bearer access-2"
    assert again.headers["idempotency-key"] == refused.headers["idempotency-key"]
    assert msgspec.json.decode(signed_out.body) == {"refresh_token": "refresh-2"}


def test_a_session_that_has_ended_is_told() -> None:
    replies = (SIGNED_IN, EXPIRED, json({"detail": "gone"}, 401), SIGNED_OUT)
    with scripted_api(*replies) as api, Conversation(api.url) as talk:
        talk.sign_in("ada@example.com", "correct horse")
        with pytest.raises(ApiError, match="gone"):
            talk.thread(THREAD, None)


def test_an_api_key_signs_nobody_in_or_out() -> None:
    with scripted_api(json({"id": str(THREAD)})) as api:
        with Conversation(api.url) as talk:
            talk.use_key("hxd_1")
            assert talk.thread(None, RUN and UUID(RUN)) == THREAD

        [asked] = api.requests
    assert asked.headers["authorization"] == "Bearer hxd_1"
    assert msgspec.json.decode(asked.body) == {"agent_id": RUN}


def test_history_is_shown_oldest_first() -> None:
    newest_first = {"data": [{"content": "second"}, {"content": "first"}]}
    with scripted_api(json(newest_first)) as api, Conversation(api.url) as talk:
        shown = talk.history(THREAD, 2)

    assert [one["content"] for one in shown] == ["first", "second"]
    assert api.requests[0].path == f"{MESSAGES}?sort=-created_at&limit=2"
