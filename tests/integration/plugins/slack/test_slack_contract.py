"""Slack keeps every promise of a channel."""

import pytest

from hexdesk.core.model.channels import InboundRequest, OutboundMessage
from hexdesk.core.testing.channels_contract import ChannelContract, InboundContract
from hexdesk_slack import hexdesk_channels, hexdesk_settings
from hexdesk_slack.configuration import SlackSettings
from tests.slack.sent import mention


class TestSlackChannel(ChannelContract, InboundContract):
    @pytest.fixture
    def outbound(self, outbound: OutboundMessage) -> OutboundMessage:
        return outbound

    @pytest.fixture
    def genuine(self) -> InboundRequest:
        return mention()


def test_the_plugin_brings_the_channel() -> None:
    assert [one.name for one in hexdesk_channels()] == ["slack"]


def test_the_plugin_declares_its_settings_and_which_are_secret() -> None:
    [declared] = hexdesk_settings()
    assert declared.struct is SlackSettings
    assert declared.secrets == {"client_secret", "signing_secret"}
