"""What people write in Slack, as the desk gets it."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from hexdesk.core.model.channels import (
    ChannelResponse,
    Inbound,
    InboundDecision,
    InboundMessage,
    InboundRequest,
    Sender,
)
from hexdesk_slack.channel import SlackChannel
from tests.slack.sent import button, event, mention, message, pressed, signed
from tests.slack.workspace import APP, CHANNEL, ROOT, TEAM
from tests.unit.plugins.slack.connections import a_connection

LATER = "1764072060.000500"
APPROVAL = UUID(int=77)


def brought(request: InboundRequest, **config: Any) -> list[Inbound]:
    said = SlackChannel().receive(request, a_connection(**config))
    assert not isinstance(said, ChannelResponse), said
    return list(said)


def the_message(request: InboundRequest, **config: Any) -> InboundMessage:
    [one] = brought(request, **config)
    assert isinstance(one, InboundMessage)
    return one


def test_a_mention_begins_a_conversation_in_its_thread() -> None:
    assert the_message(mention()) == InboundMessage(
        dedupe_key=f"{TEAM}:{CHANNEL}:{ROOT}",
        conversation_key=f"{TEAM}:{CHANNEL}:{ROOT}",
        message_id=f"{CHANNEL}:{ROOT}",
        sender=Sender(external_id=f"{TEAM}:U1", name="U1"),
        text="where is my parcel?",
        full_text=f"@{APP} where is my parcel?",
        hints={"user": "U1", "team": TEAM},
    )


def test_a_later_mention_goes_on_in_the_same_thread() -> None:
    later = the_message(mention(ts=LATER, thread_ts=ROOT))
    assert later.conversation_key == the_message(mention()).conversation_key
    assert later.dedupe_key == f"{TEAM}:{CHANNEL}:{LATER}"
    assert later.is_addressed


def test_the_two_events_of_one_post_are_one_message() -> None:
    text = f"<@{APP}> where is my parcel?"
    as_mention = the_message(mention(text, ts=LATER, thread_ts=ROOT))
    as_message = the_message(
        mention(text, type="message", channel_type="channel", ts=LATER, thread_ts=ROOT)
    )
    assert as_mention == as_message


def test_a_retry_is_told_by_its_key_and_not_by_its_header() -> None:
    first = mention()
    again = msgspec.structs.replace(first, headers=first.headers | {"x-slack-retry-num": "1"})
    assert brought(again) == brought(first)


@pytest.mark.parametrize("kind", ["im", "mpim", "app_home"])
def test_a_direct_message_is_for_the_app(kind: str) -> None:
    direct = the_message(message(channel_type=kind))
    assert direct.is_addressed
    assert direct.conversation_key == f"{TEAM}:D1:{ROOT}"


def test_a_direct_conversation_is_called_after_its_first_line() -> None:
    long = "where is my parcel?" + " x" * 100
    assert the_message(message(f"  {long}\nIt is late.")).subject == long[:80]
    assert the_message(mention()).subject is None


def test_what_is_said_in_a_thread_is_for_the_app_only_if_it_takes_part() -> None:
    said = the_message(message(channel_type="channel", channel=CHANNEL, thread_ts=ROOT, ts=LATER))
    assert not said.is_addressed
    assert said.conversation_key == f"{TEAM}:{CHANNEL}:{ROOT}"


def test_what_is_said_in_a_channel_is_not_for_the_app() -> None:
    assert brought(message(channel_type="channel", channel=CHANNEL)) == []


def test_the_app_is_known_from_the_event_where_the_configuration_does_not_say() -> None:
    post = mention(type="message", channel_type="channel")
    assert the_message(post, bot_user_id=None).text == "where is my parcel?"
    assert brought(message(user=APP), bot_user_id=None) == []


def test_where_nobody_says_who_the_app_is_a_mention_is_one_all_the_same() -> None:
    envelope = {
        "type": "event_callback",
        "team_id": TEAM,
        "event": {"type": "app_mention", "user": "U1", "text": "hi", "ts": ROOT, "channel": "C1"},
    }
    assert the_message(signed(msgspec.json.encode(envelope)), bot_user_id=None).is_addressed


@pytest.mark.parametrize(
    "fields",
    [
        {"subtype": "message_changed", "message": {"text": "x"}},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"subtype": "bot_message", "user": None},
        {"bot_id": "B1"},
        {"hidden": True},
        {"user": APP},
        {"user": "USLACKBOT"},
        {"user": None},
    ],
)
def test_what_no_person_wrote_brings_nothing(fields: dict[str, Any]) -> None:
    assert brought(message(**fields)) == []


def test_an_answer_that_is_shown_in_the_channel_too_is_one() -> None:
    said = message(subtype="thread_broadcast", thread_ts=ROOT, ts=LATER, channel=CHANNEL)
    assert the_message(said).conversation_key == f"{TEAM}:{CHANNEL}:{ROOT}"


def test_files_come_with_the_message() -> None:
    files = [
        {
            "id": "F1",
            "name": "bill.pdf",
            "mimetype": "application/pdf",
            "size": 12,
            "url_private_download": "https://files.slack.com/files-pri/T1-F1/download/bill.pdf",
        },
        {"id": "F2", "file_access": "check_file_info"},
        {"id": "F3", "mode": "tombstone"},
        {"id": "F4", "mode": "external"},
    ]
    got = the_message(message("", subtype="file_share", files=files))
    assert got.text == ""
    assert [(one.filename, one.content_type, one.size) for one in got.files] == [
        ("bill.pdf", "application/pdf", 12),
        ("file", "", None),
    ]
    assert got.files[0].reference.startswith("https://files.slack.com/")
    assert got.files[1].reference == "F2"


def test_a_mention_without_a_word_says_that() -> None:
    assert the_message(mention(f"<@{APP}>")).text == f"@{APP}"


def test_somebody_of_another_company_keeps_the_workspace_of_their_own() -> None:
    said = the_message(mention(user_team="T0THER"))
    assert said.sender.external_id == f"{TEAM}:U1"
    assert said.hints == {"user": "U1", "team": "T0THER"}


@pytest.mark.parametrize(
    ("action", "verdict"), [("hexdesk_approve", True), ("hexdesk_deny", False)]
)
def test_a_pressed_button_decides(action: str, *, verdict: bool) -> None:
    assert brought(pressed(button(APPROVAL, action))) == [
        InboundDecision(
            dedupe_key=f"{TEAM}:U1:1764072001.000200:{APPROVAL}",
            approval_id=APPROVAL,
            is_approved=verdict,
            sender=Sender(external_id=f"{TEAM}:U1", name="ann"),
            hints={"channel": CHANNEL, "ts": ROOT},
        )
    ]


def test_other_buttons_decide_nothing() -> None:
    other = {"action_id": "feedback", "action_ts": "1.1"}
    assert brought(pressed(other)) == []
    assert brought(pressed(button(APPROVAL), type="view_submission")) == []


def test_events_out_of_order_keep_their_places() -> None:
    later = the_message(mention(ts=LATER, thread_ts=ROOT))
    first = the_message(mention())
    assert (later.conversation_key, later.message_id > first.message_id) == (
        first.conversation_key,
        True,
    )


def test_an_assistant_that_is_opened_brings_nothing_yet() -> None:
    opened = {"user_id": "U1", "channel_id": "D1", "thread_ts": ROOT}
    assert brought(event(type="assistant_thread_started", assistant_thread=opened)) == []
