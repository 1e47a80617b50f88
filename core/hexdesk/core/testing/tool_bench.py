"""Where the tools of a plugin are tried: on a desk in memory, as members and agents call them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import msgspec

from hexdesk.core.additions import Additions
from hexdesk.core.assembly import open_desk
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.errors import DeskError
from hexdesk.core.model.identity import Registration
from hexdesk.core.model.principals import Member, Origin
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.ports.tools import ToolAnswer
from hexdesk.core.testing.memory_blobs import MemoryBlobs
from hexdesk.core.testing.memory_extraction import MemoryExtraction
from hexdesk.core.testing.memory_ports import (
    CountingLimiter,
    MemoryCache,
    MemoryEvents,
    MemoryJournal,
    RecordingTelemetry,
)
from hexdesk.core.testing.memory_queue import MemoryQueue
from hexdesk.core.testing.memory_storage import MemoryStorage
from hexdesk.core.testing.plain_secrets import (
    PlainCapabilities,
    PlainPasswords,
    PlainTokens,
    PlainVault,
)
from hexdesk.core.testing.recording_egress import RecordingEgress
from hexdesk.core.testing.scripted import ScriptedRunner
from hexdesk.core.testing.steady import SteadyClock
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases.integration_types import IntegrationType
from hexdesk.core.use_cases.integrations import NewIntegration

PLUGIN = "plugin"
"""The name of the plugin that all of it is of."""


@dataclass(frozen=True, kw_only=True)
class ToolBench:
    """A desk with the tools, a member who calls them, and a record of what they call outside."""

    desk: Desk
    egress: RecordingEgress
    member: Member

    @classmethod
    async def of(
        cls,
        tools: Sequence[Tool],
        *,
        settings: msgspec.Struct | None = None,
        types: Sequence[IntegrationType] = (),
        answers: Sequence[EgressAnswer | DeskError] = (),
    ) -> Self:
        """Open a desk with the tools; calls to the outside are answered by `answers` in turn."""
        egress = RecordingEgress(*answers)
        additions = Additions(
            tools=tuple(replace(one, source=PLUGIN, settings=settings) for one in tools),
            integration_types=types,
            own_types={PLUGIN: frozenset(one.name for one in types)},
        )
        desk = open_desk(_ports(egress), additions=additions)
        wish = Registration(
            organization_name="Acme", email="ada@example.com", password="correct horse battery"
        )
        tokens = await desk.identity.register(wish, Origin())
        member = await desk.identity.authenticate(tokens.access_token, Origin())
        return cls(desk=desk, egress=egress, member=member)

    async def connect(self, type_name: str, **config: Any) -> None:
        """Connect a system of one of the plugin's types."""
        wish = NewIntegration(type=type_name, name=type_name, config=config)
        await self.desk.integrations.add(self.member, wish)

    async def call(self, name: str, **arguments: Any) -> ToolAnswer:
        """Call a tool and return what a model would be told."""
        return await self.desk.call_tool(self.member, name, arguments)


def _ports(egress: RecordingEgress) -> Ports:
    clock = SteadyClock()
    return Ports(
        storage=MemoryStorage(clock),
        clock=clock,
        passwords=PlainPasswords(),
        access_tokens=PlainTokens(clock),
        capabilities=PlainCapabilities(clock),
        vault=PlainVault(),
        egress=egress,
        limiter=CountingLimiter(clock),
        cache=MemoryCache(clock),
        journal=MemoryJournal(),
        events=MemoryEvents(),
        telemetry=RecordingTelemetry(),
        runner=ScriptedRunner(),
        queue=MemoryQueue(),
        blobs=MemoryBlobs(),
        extraction=MemoryExtraction(),
    )
