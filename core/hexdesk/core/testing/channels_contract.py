"""What every channel does: the suites that a channel passes before it is one.

    class TestMyChannel(ChannelContract, InboundContract):
        @pytest.fixture
        def channel(self) -> Channel: ...

        @pytest.fixture
        async def elsewhere(self) -> OtherSystem: ...

        @pytest.fixture
        def connection(self, elsewhere: OtherSystem) -> Connection: ...

        @pytest.fixture
        def genuine(self, connection: Connection) -> InboundRequest: ...

`elsewhere` is the other system, or what takes its place on this machine, and `connection` leads
there. A channel that is sent no requests leaves `InboundContract` and its `genuine` out. The
suites run under anyio's pytest plugin in auto mode.
"""

from abc import abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import (
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.model.channels import InboundRequest, OutboundKind, OutboundMessage, Sender
from hexdesk.core.ports.channels import Channel, Connection
from hexdesk.core.testing import examples
from hexdesk.core.testing.channel_requests_contract import (
    HOSTILE_BODIES,
    InboundContract,
    assert_refused,
    brought,
)
from hexdesk.core.testing.steady import NOON

__all__ = [
    "ChannelContract",
    "InboundContract",
    "Mood",
    "OtherSystem",
    "an_outbound",
    "brought",
]


class Mood(StrEnum):
    """How the other system takes what it is sent."""

    WELL = "it takes it and says so"
    GONE = "nobody answers, and nothing can be sent"
    BUSY = "it wants to be asked again later"
    REFUSING = "it never takes it"
    SILENT = "it takes it, and goes away without a word"


class OtherSystem(Protocol):
    """The other system, or what takes its place in tests: as told, and it remembers."""

    @abstractmethod
    async def be(self, mood: Mood) -> None:
        """Be so from now on; it begins well."""

    @abstractmethod
    def taken(self) -> Sequence[str]:
        """Return the texts of the messages that it took, oldest first."""


def an_outbound(text: str = "It has shipped.", **fields: Any) -> OutboundMessage:
    """Return an answer on its way to a customer; each has an id of its own."""
    made = OutboundMessage(
        id=examples.new_id(),
        conversation_key="conversation-1",
        kind=OutboundKind.ANSWER,
        text=text,
        subject="Where is my parcel?",
        recipient=Sender(external_id="ann@example.com", name="Ann", email="ann@example.com"),
        created_at=NOON,
    )
    return replace(made, **fields)


class ChannelContract:
    """What holds of every channel."""

    @pytest.fixture
    def outbound(self) -> OutboundMessage:
        """Return an answer; a channel that needs more to deliver it says so here."""
        return an_outbound()

    def test_it_says_what_it_is(self, channel: Channel) -> None:
        assert channel.name.isascii()
        assert channel.name.replace("_", "").isalnum()
        assert channel.name == channel.name.lower()
        assert channel.capabilities.longest_text > 0

    def test_its_secrets_are_texts_of_its_configuration(self, channel: Channel) -> None:
        assert channel.secrets <= set(channel.config.__struct_fields__)

    async def test_what_is_not_verified_is_refused_and_never_raises(
        self, channel: Channel, connection: Connection
    ) -> None:
        for body in HOSTILE_BODIES:
            request = InboundRequest(headers={}, body=body, query="a=%00&%ff")
            assert_refused(channel.receive(request, connection))

    async def test_a_message_arrives_once_and_has_a_name_there(
        self,
        channel: Channel,
        connection: Connection,
        elsewhere: OtherSystem,
        outbound: OutboundMessage,
    ) -> None:
        receipt = await channel.deliver(outbound, connection)
        assert receipt.message_id
        [text] = elsewhere.taken()
        assert outbound.text in text

    async def test_two_messages_arrive_in_order_under_two_names(
        self,
        channel: Channel,
        connection: Connection,
        elsewhere: OtherSystem,
        outbound: OutboundMessage,
    ) -> None:
        second = replace(outbound, id=UUID(int=7), text="And it has arrived.")
        names = [(await channel.deliver(one, connection)).message_id for one in (outbound, second)]
        assert len(set(names)) == 2
        first_text, second_text = elsewhere.taken()
        assert outbound.text in first_text
        assert second.text in second_text

    async def test_where_nobody_answers_nothing_was_sent(
        self,
        channel: Channel,
        connection: Connection,
        elsewhere: OtherSystem,
        outbound: OutboundMessage,
    ) -> None:
        await elsewhere.be(Mood.GONE)
        with pytest.raises(UnavailableError) as raised:
            await channel.deliver(outbound, connection)
        assert not isinstance(raised.value, OutcomeUnknownError)
        assert list(elsewhere.taken()) == []

    async def test_a_busy_system_is_asked_again_when_it_wishes(
        self,
        channel: Channel,
        connection: Connection,
        elsewhere: OtherSystem,
        outbound: OutboundMessage,
    ) -> None:
        await elsewhere.be(Mood.BUSY)
        with pytest.raises(RetryAfterError) as raised:
            await channel.deliver(outbound, connection)
        assert raised.value.retry_after > 0

    async def test_what_is_never_taken_is_undeliverable_and_says_why(
        self,
        channel: Channel,
        connection: Connection,
        elsewhere: OtherSystem,
        outbound: OutboundMessage,
    ) -> None:
        await elsewhere.be(Mood.REFUSING)
        with pytest.raises(UndeliverableError) as raised:
            await channel.deliver(outbound, connection)
        assert str(raised.value)

    async def test_silence_after_sending_is_no_failure_and_no_success(
        self,
        channel: Channel,
        connection: Connection,
        elsewhere: OtherSystem,
        outbound: OutboundMessage,
    ) -> None:
        await elsewhere.be(Mood.SILENT)
        with pytest.raises(OutcomeUnknownError):
            await channel.deliver(outbound, connection)

    async def test_a_check_tells_of_life_and_no_secret(
        self, channel: Channel, connection: Connection
    ) -> None:
        said = await channel.check(connection)
        assert said
        for name in channel.secrets:
            secret = getattr(connection.config, name)
            assert not secret or secret not in said

    async def test_a_check_of_a_system_that_is_gone_says_so(
        self, channel: Channel, connection: Connection, elsewhere: OtherSystem
    ) -> None:
        await elsewhere.be(Mood.GONE)
        with pytest.raises(UnavailableError):
            await channel.check(connection)
