"""The suite of channels over what is broken, as in `suites.py`."""

from typing import ClassVar

import pytest

from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing import ScriptedChannel
from hexdesk.core.testing.channels_contract import ChannelContract, OtherSystem
from tests.contract.broken import channels
from tests.contract.channels import Tower, to_the_tower


class BrokenChannelContract(ChannelContract):
    """The suite with a connection of the scripted channel."""

    @pytest.fixture
    def elsewhere(self, channel: ScriptedChannel) -> OtherSystem:
        return Tower(channel)

    @pytest.fixture
    def connection(self) -> Connection:
        return to_the_tower()


class TestDoublingChannel(BrokenChannelContract):
    fails_at: ClassVar = "test_a_message_arrives_once_and_has_a_name_there"

    @pytest.fixture
    def channel(self) -> ScriptedChannel:
        return channels.DoublingChannel()


class TestHopefulChannel(BrokenChannelContract):
    fails_at: ClassVar = "test_silence_after_sending_is_no_failure_and_no_success"

    @pytest.fixture
    def channel(self) -> ScriptedChannel:
        return channels.HopefulChannel()


class TestCredulousChannel(BrokenChannelContract):
    fails_at: ClassVar = "test_what_is_not_verified_is_refused_and_never_raises"

    @pytest.fixture
    def channel(self) -> ScriptedChannel:
        return channels.CredulousChannel()


class TestForgetfulNames(BrokenChannelContract):
    fails_at: ClassVar = "test_two_messages_arrive_in_order_under_two_names"

    @pytest.fixture
    def channel(self) -> ScriptedChannel:
        return channels.ForgetfulNames()


class TestTalkativeChannel(BrokenChannelContract):
    fails_at: ClassVar = "test_a_check_tells_of_life_and_no_secret"

    @pytest.fixture
    def channel(self) -> ScriptedChannel:
        return channels.TalkativeChannel()
