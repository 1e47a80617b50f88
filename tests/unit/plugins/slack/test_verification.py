"""What Slack did not send, or not like this, is a refusal and never a failure."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hexdesk.core.model.channels import ChannelResponse, InboundRequest
from hexdesk.core.testing.steady import NOON
from hexdesk_slack.channel import SlackChannel
from hexdesk_slack.signatures import signature
from tests.slack.sent import FORM, SECRET, button, event, mention, message, pressed, signed
from tests.slack.workspace import ROOT, TEAM
from tests.unit.plugins.slack.connections import SETTINGS, a_connection

SLACK = SlackChannel()
CHALLENGE = b'{"type": "url_verification", "token": "old", "challenge": "3eZbrw1a"}'


def status_of(request: InboundRequest, **connection: Any) -> int:
    said = SLACK.receive(request, a_connection(**connection))
    return said.status_code if isinstance(said, ChannelResponse) else 200


@pytest.mark.parametrize(
    "timestamp", ["", "abc", "9" * 400, "NaN", "-1", "1e3", "١٧٦٧٢٦٨٨٠٠", "1\n"]
)
def test_a_time_that_is_no_number_is_refused(timestamp: str) -> None:
    sent = mention()
    headers = sent.headers | {
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature(SECRET, timestamp, sent.body),
    }
    assert status_of(replace(sent, headers=headers)) == 401


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_request_that_was_kept_for_later_is_refused(seconds: int) -> None:
    assert status_of(mention(at=NOON.timestamp() + seconds)) == 401


@pytest.mark.parametrize("seconds", [-299, 299])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    assert status_of(mention(at=NOON.timestamp() + seconds)) == 200


@pytest.mark.parametrize(
    "given", ["", "v0=é", "v0=\udcff", "v0=", "v1=00", "v0=" + "0" * 64, "0" * 100_000]
)
def test_a_signature_that_is_wrong_is_refused(given: str) -> None:
    sent = mention()
    assert status_of(replace(sent, headers=sent.headers | {"x-slack-signature": given})) == 401


def test_another_secret_opens_nothing() -> None:
    assert status_of(signed(CHALLENGE, secret="another")) == 401


def test_without_a_signing_secret_nothing_is_believed() -> None:
    assert status_of(signed(CHALLENGE, secret=""), settings=None) == 401


def test_a_company_may_have_an_app_of_its_own() -> None:
    own = {"signing_secret": "its own"}
    assert status_of(signed(CHALLENGE, secret="its own"), **own) == 200
    assert status_of(signed(CHALLENGE), **own) == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b"null",
        b'{"type": 1}',
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"type": "event_callback", "event": ' + b"[" * 100_000,
        b'{"type": "event_callback", "x": ' + b'{"a":' * 100_000,
        b'{"type": "event_callback"}',
        b'{"type": "event_callback", "team_id": "T1"}',
        b'{"type": "event_callback", "team_id": "T1", "event": 5}',
        b'{"type": "event_callback", "team_id": "T1:C1", "event": {"type": "message"}}',
        b'{"type": "event_callback", "event": {"type": "message"}}',
    ],
)
def test_what_is_signed_and_no_payload_is_refused(body: bytes) -> None:
    assert status_of(signed(body)) == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"ts": None},
        {"ts": "now"},
        {"ts": "1." + "9" * 400},
        {"channel": None},
        {"channel": "C1:x"},
        {"channel": "C1\n"},
        {"user": "U1:U2"},
        {"text": 5},
        {"thread_ts": "x"},
        {"files": [{"name": "no id"}]},
        {"files": [{"id": "F1", "size": -1}]},
        {"files": "F1"},
    ],
)
def test_a_message_that_lacks_what_all_have_is_refused(fields: dict[str, Any]) -> None:
    assert status_of(mention(**fields)) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"payload=%ff",
        b"payload=",
        b"ssl_check=1",
        b"&".join([b"a=1"] * 1_000),
        b"payload=" + b"[" * 50_000,
        b"payload=%7B%22type%22%3A%22\xed\xa0\x80",
        urlencode({"payload": "\ud800"}, errors="surrogatepass").encode(),
    ],
)
def test_a_form_that_holds_no_payload_is_refused(body: bytes) -> None:
    assert status_of(signed(body, content_type=FORM)) == 400


@pytest.mark.parametrize(
    "sent",
    [
        pressed(button("x")),
        pressed({"action_id": "hexdesk_deny", "action_ts": "1.1"}),
        pressed({"action_id": "hexdesk_deny", "action_ts": "never", "value": str(UUID(int=1))}),
        pressed({"value": "x"}),
        pressed(button(UUID(int=1)), user=None),
        pressed(button(UUID(int=1)), user={"id": "u 1"}),
        pressed(button(UUID(int=1)), team=None),
        pressed(button(UUID(int=1)), team={"id": "T2"}),
        pressed(actions={"a": 1}),
    ],
)
def test_a_pressed_button_that_lacks_what_all_have_is_refused(sent: InboundRequest) -> None:
    assert status_of(sent) == 400


def test_no_workspace_speaks_for_another() -> None:
    assert status_of(mention(team="T2")) == 400


@given(st.binary(max_size=300))
def test_no_bytes_break_it(body: bytes) -> None:
    assert status_of(signed(body)) in {200, 400}
    assert status_of(signed(body, content_type=FORM)) in {200, 400}
    assert status_of(InboundRequest(headers={}, body=body)) == 401
    assert SLACK.account_of(InboundRequest(headers={}, body=body)) is None


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(ROOT) | st.just("C1"),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "files", "ts", "x"]), children, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["user", "channel", "ts", "text", "files", "bot_id"]), json))
def test_no_fields_of_a_message_break_it(fields: dict[str, Any]) -> None:
    assert status_of(message(**fields)) in {200, 400}


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_headers_break_it(timestamp: str, given_signature: str) -> None:
    headers = {"x-slack-request-timestamp": timestamp, "x-slack-signature": given_signature}
    assert status_of(InboundRequest(headers=headers, body=b"{}")) == 401


def test_a_challenge_is_answered_after_its_signature() -> None:
    answered = SLACK.answer(signed(CHALLENGE), SETTINGS, NOON)
    assert (answered.status_code, answered.body) == (200, b"3eZbrw1a")
    unsigned = replace(signed(CHALLENGE), headers={})
    assert SLACK.answer(unsigned, SETTINGS, NOON).status_code == 401
    assert SLACK.answer(signed(CHALLENGE), None, NOON).status_code == 401


def test_a_challenge_is_answered_for_a_company_with_an_app_of_its_own() -> None:
    said = SLACK.receive(
        signed(CHALLENGE, secret="its own"), a_connection(signing_secret="its own")
    )
    assert isinstance(said, ChannelResponse)
    assert said.body == b"3eZbrw1a"


def test_a_challenge_that_is_no_text_that_can_be_sent_is_no_failure() -> None:
    lone = b'{"type": "url_verification", "challenge": "\\ud800"}'
    assert SLACK.answer(signed(lone), SETTINGS, NOON).status_code in {200, 400}
    empty = b'{"type": "url_verification"}'
    assert SLACK.answer(signed(empty), SETTINGS, NOON).body == b""


def test_what_comes_for_a_workspace_that_is_not_connected_is_taken_and_ends_there() -> None:
    said = SLACK.answer(mention(team="T404"), SETTINGS, NOON)
    assert (said.status_code, said.body) == (200, b"")
    assert SLACK.answer(signed(b"[]"), SETTINGS, NOON).status_code == 400


def test_a_request_says_which_workspace_it_is_for() -> None:
    assert SLACK.account_of(mention()) == TEAM
    assert SLACK.account_of(pressed(button(UUID(int=1)))) == TEAM
    assert SLACK.account_of(signed(CHALLENGE)) is None
    assert SLACK.account(a_connection().config) == TEAM
    assert SLACK.account(a_connection(signing_secret="its own").config) is None


def test_in_a_shared_channel_it_is_the_workspace_that_has_the_app() -> None:
    shared = {
        "type": "event_callback",
        "team_id": "T0THER",
        "event": {"type": "app_mention"},
        "authorizations": [{"enterprise_id": "E1", "team_id": None}, {"team_id": TEAM}],
    }
    assert SLACK.account_of(signed(msgspec.json.encode(shared))) == TEAM


@pytest.mark.parametrize("kind", ["assistant_thread_context_changed", "tokens_revoked", "later"])
def test_events_that_bring_nothing_are_taken(kind: str) -> None:
    assert status_of(event(type=kind)) == 200
    assert SLACK.receive(event(type=kind), a_connection()) == ()


def test_other_kinds_of_payload_are_taken() -> None:
    assert (
        SLACK.receive(signed(b'{"type": "app_rate_limited", "team_id": "T1"}'), a_connection())
        == ()
    )
