"""The scripted channel keeps the promises of its port."""

import pytest

from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing import ScriptedChannel
from hexdesk.core.testing.channels_contract import ChannelContract, OtherSystem
from tests.contract.channels import Tower, to_the_tower


class TestScriptedChannel(ChannelContract):
    @pytest.fixture
    def channel(self) -> ScriptedChannel:
        return ScriptedChannel()

    @pytest.fixture
    def elsewhere(self, channel: ScriptedChannel) -> OtherSystem:
        return Tower(channel)

    @pytest.fixture
    def connection(self) -> Connection:
        return to_the_tower()
