"""The contract suites over channels that are broken; each class names the test it must fail at.

Not collected with the other tests: `test_broken_things.py` runs it.
"""

from typing import ClassVar
from uuid import UUID

import msgspec
import pytest

from hexdesk.core import Channel, Connection, InboundRequest
from hexdesk.core.testing import NOON
from hexdesk.core.testing.channels_contract import ChannelContract, InboundContract
from hexdesk_webhook_channel.channel import WebhookChannelConfig, signature
from tests.contract.broken import channels

SECRET = "a secret of some length"


class BrokenChannel(ChannelContract, InboundContract):
    """A channel as `broken` has it, and a system that takes what it is told to take."""

    broken: ClassVar[type[Channel]]

    @pytest.fixture
    def channel(self) -> Channel:
        return self.broken()

    @pytest.fixture
    def elsewhere(self) -> channels.Elsewhere:
        return channels.Elsewhere()

    @pytest.fixture
    def connection(self, elsewhere: channels.Elsewhere) -> Connection:
        return Connection(
            organization_id=UUID(int=10),
            integration_id=UUID(int=11),
            config=WebhookChannelConfig(url="https://example.com/answers", secret=SECRET),
            settings=None,
            http=elsewhere,
            key=b"key",
            now=NOON,
        )

    @pytest.fixture
    def genuine(self) -> InboundRequest:
        ids = {"dedupe_key": "m1", "conversation_key": "c1", "message_id": "m1"}
        body = msgspec.json.encode({**ids, "sender": {"external_id": "ann"}, "text": "Where?"})
        at = str(int(NOON.timestamp()))
        headers = {"x-timestamp": at, "x-signature": signature(SECRET, at, body)}
        return InboundRequest(headers=headers, body=body)


class TestBelievingChannel(BrokenChannel):
    fails_at: ClassVar = "test_another_connections_key_opens_nothing"
    broken = channels.BelievingChannel


class TestStumblingChannel(BrokenChannel):
    fails_at: ClassVar = "test_what_is_not_verified_is_refused_and_never_raises"
    broken = channels.StumblingChannel


class TestForgetfulChannel(BrokenChannel):
    fails_at: ClassVar = "test_what_comes_again_is_known_by_its_key"
    broken = channels.ForgetfulChannel


class TestDoublingChannel(BrokenChannel):
    fails_at: ClassVar = "test_a_message_arrives_once_and_has_a_name_there"
    broken = channels.DoublingChannel


class TestNamelessChannel(BrokenChannel):
    fails_at: ClassVar = "test_two_messages_arrive_in_order_under_two_names"
    broken = channels.NamelessChannel


class TestHopefulChannel(BrokenChannel):
    fails_at: ClassVar = "test_silence_after_sending_is_no_failure_and_no_success"
    broken = channels.HopefulChannel


class TestImpatientChannel(BrokenChannel):
    fails_at: ClassVar = "test_a_busy_system_is_asked_again_when_it_wishes"
    broken = channels.ImpatientChannel


class TestStubbornChannel(BrokenChannel):
    fails_at: ClassVar = "test_what_is_never_taken_is_undeliverable_and_says_why"
    broken = channels.StubbornChannel


class TestTalkativeChannel(BrokenChannel):
    fails_at: ClassVar = "test_a_check_tells_of_life_and_no_secret"
    broken = channels.TalkativeChannel
