"""What every channel does with requests: what is genuine comes in, and nothing else.

The suite `InboundContract` stands in `channels_contract`, which says how it is used.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.model.channels import (
    ChannelResponse,
    Inbound,
    InboundDecision,
    InboundMessage,
    InboundRequest,
)
from hexdesk.core.ports.channels import Channel, Connection

FIRST_REFUSAL, FIRST_FAILURE = 400, 500
DEEP = 200_000
HOSTILE_BODIES = (
    b"",
    b"\0",
    b"\xff\xfe not UTF-8 \x80",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"a": 1e999999}',
    b'{"a": "\\ud800"}',
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b"a=1&" * 1000,
)
HOSTILE_VALUES = (
    "",
    "abc",
    "-1",
    "9" * 400,
    "1e400",
    "NaN",
    "\N{LATIN SMALL LETTER E WITH ACUTE}\xff",
    "\0",
    "v1,,=,",
    "x" * 100_000,
)


class InboundContract:
    """What holds of a channel besides that is sent requests.

    Define the fixture `genuine`: a request as the other system sends it, that brings something.
    """

    async def test_a_genuine_request_brings_something(
        self, channel: Channel, connection: Connection, genuine: InboundRequest
    ) -> None:
        said = brought(channel.receive(genuine, connection))
        assert all(one.dedupe_key and one.sender.external_id for one in said)
        messages = [one for one in said if isinstance(one, InboundMessage)]
        assert all(one.conversation_key and one.message_id for one in messages)

    async def test_what_comes_again_is_known_by_its_key(
        self, channel: Channel, connection: Connection, genuine: InboundRequest
    ) -> None:
        first = brought(channel.receive(genuine, connection))
        again = brought(channel.receive(genuine, connection))
        assert [one.dedupe_key for one in again] == [one.dedupe_key for one in first]
        assert len({one.dedupe_key for one in first}) == len(first)

    async def test_what_it_brings_can_be_stored(
        self, channel: Channel, connection: Connection, genuine: InboundRequest
    ) -> None:
        for one in brought(channel.receive(genuine, connection)):
            assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one

    async def test_a_body_that_was_changed_is_refused(
        self, channel: Channel, connection: Connection, genuine: InboundRequest
    ) -> None:
        bodies = (genuine.body + b" ", genuine.body[:-1], *HOSTILE_BODIES)
        for body in bodies:
            assert_refused(channel.receive(replace(genuine, body=body), connection))

    async def test_another_connections_key_opens_nothing(
        self, channel: Channel, connection: Connection, genuine: InboundRequest
    ) -> None:
        secrets = {name: f"another {name}" for name in channel.secrets}
        other = msgspec.structs.replace(connection.config, **secrets)
        elsewhere = Connection(
            organization_id=UUID(int=1),
            integration_id=UUID(int=2),
            config=other,
            settings=connection.settings,
            http=connection.http,
            key=b"another key",
            now=connection.now,
        )
        answers = [channel.receive(genuine, elsewhere)] if channel.secrets else []
        for answer in answers:
            assert_refused(answer)

    async def test_hostile_headers_never_raise(
        self, channel: Channel, connection: Connection, genuine: InboundRequest
    ) -> None:
        for request in hostile(genuine):
            said = channel.receive(request, connection)
            if isinstance(said, ChannelResponse):
                assert said.status_code < FIRST_FAILURE


def hostile(genuine: InboundRequest) -> Iterator[InboundRequest]:
    """Yield the request with each of its headers missing or made of nonsense."""
    for name in genuine.headers:
        rest = {other: value for other, value in genuine.headers.items() if other != name}
        yield replace(genuine, headers=rest)
        for value in HOSTILE_VALUES:
            yield replace(genuine, headers=rest | {name: value})


def brought(said: ChannelResponse | Sequence[Inbound]) -> Sequence[Inbound]:
    """Return what a request brings, which is something."""
    assert not isinstance(said, ChannelResponse), said
    assert all(isinstance(one, InboundMessage | InboundDecision) for one in said)
    assert len(said) > 0
    return said


def assert_refused(said: ChannelResponse | Sequence[Inbound]) -> None:
    """Fail unless a request was refused, or was found to bring nothing."""
    if isinstance(said, ChannelResponse):
        assert FIRST_REFUSAL <= said.status_code < FIRST_FAILURE, said
        return
    assert len(said) == 0, said
