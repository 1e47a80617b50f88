"""The scripted channel with its other end, for the suite of channels."""

from collections.abc import Sequence
from uuid import UUID

from hexdesk.core.errors import (
    DeskError,
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.ports.channels import Connection
from hexdesk.core.testing import RecordingEgress, ScriptedChannel
from hexdesk.core.testing.channels_contract import Mood, OtherSystem
from hexdesk.core.testing.scripted_channel import PigeonConfig
from hexdesk.core.testing.steady import NOON

ERRORS: dict[Mood, DeskError] = {
    Mood.GONE: UnavailableError("no pigeon flies"),
    Mood.BUSY: RetryAfterError("the pigeons are tired", retry_after=7),
    Mood.REFUSING: UndeliverableError("nobody lives there"),
    Mood.SILENT: OutcomeUnknownError("no pigeon came back"),
}


class Tower(OtherSystem):
    """Where the pigeons of a channel fly to."""

    def __init__(self, channel: ScriptedChannel) -> None:
        self.channel = channel

    async def be(self, mood: Mood) -> None:
        if mood in ERRORS:
            self.channel.deliveries = [ERRORS[mood]]
        self.channel.check_error = ERRORS[mood] if mood is Mood.GONE else None

    def taken(self) -> Sequence[str]:
        return [one.text for one in self.channel.sent]


def to_the_tower() -> Connection:
    """Return a connection of the channel."""
    return Connection(
        organization_id=UUID(int=1),
        integration_id=UUID(int=2),
        config=PigeonConfig(loft="tower"),
        settings=None,
        http=RecordingEgress(),
        key=b"key",
        now=NOON,
    )
