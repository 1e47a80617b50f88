"""What a tool, a task or an action of a plugin is given when it is called."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from hexdesk.core.model.listing import MAX_LIMIT, Slice
from hexdesk.core.model.principals import AgentRun, Principal
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.egress import Egress
from hexdesk.core.ports.storage import Storage
from hexdesk.core.tools.ticket_access import TicketAccess
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.drafts import DraftTicket
from hexdesk.core.use_cases.health import CheckHealth
from hexdesk.core.use_cases.integration_types import IntegrationTypes
from hexdesk.core.use_cases.outbox import Outbox

BUILTIN = "builtin"
"""The source of what is no plugin's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolNeeds:
    """What tools are made of; `own_types` are the types of integrations that a plugin brings."""

    clock: Clock
    egress: Egress
    auditor: Auditor
    outbox: Outbox
    draft_ticket: DraftTicket
    check_health: CheckHealth
    integration_types: IntegrationTypes
    own_types: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])


class ConnectedSystem(msgspec.Struct, frozen=True, kw_only=True):
    """A system that the organization has connected, with its secrets in the clear.

    `config` is the Struct that its type declares.
    """

    id: UUID
    type: str
    name: str
    config: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginLog:
    """Logs short phrases with data beside them; never what people have written."""

    plugin: str
    organization_id: UUID

    def info(self, event: str, **data: object) -> None:
        """Log what an operator may want to know."""
        self._log(logging.INFO, event, data)

    def warning(self, event: str, **data: object) -> None:
        """Log what an operator should look at some day."""
        self._log(logging.WARNING, event, data)

    def error(self, event: str, **data: object) -> None:
        """Log what an operator must look at."""
        self._log(logging.ERROR, event, data)

    def _log(self, level: int, event: str, data: Mapping[str, object]) -> None:
        bound = {"plugin": self.plugin, "organization_id": str(self.organization_id)}
        # Apart from the rest: no name of a plugin's may take the place of one of the record's own.
        logging.getLogger(f"hexdesk.plugins.{self.plugin}").log(
            level, event, extra={**bound, "data": dict(data)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginContext:
    """Who it is done for, and what may be used for it.

    `settings` is the Struct that the plugin declares, filled from the environment, or None.
    """

    who: Principal
    storage: Storage
    needs: ToolNeeds
    source: str = BUILTIN
    settings: Any = None

    @property
    def organization_id(self) -> UUID:
        """The organization that all of this happens in."""
        return self.who.organization_id

    @property
    def http(self) -> Egress:
        """Calls other systems, and refuses those that lie in private networks."""
        return self.needs.egress

    @property
    def tickets(self) -> TicketAccess:
        """The desk's tickets, as far as whoever it is done for may see and change them."""
        return TicketAccess(
            who=self.who,
            storage=self.storage,
            clock=self.needs.clock,
            outbox=self.needs.outbox,
        )

    @property
    def log(self) -> PluginLog:
        """Logs in the plugin's name, with the organization."""
        return PluginLog(plugin=self.source, organization_id=self.organization_id)

    async def integrations(self) -> Sequence[ConnectedSystem]:
        """Return what the organization has connected of the plugin's own types and switched on."""
        types = self.needs.integration_types
        async with self.storage.transaction(self.who) as tx:
            page = await tx.integrations.page(Slice(limit=MAX_LIMIT), active_only=True)
        return tuple(
            ConnectedSystem(
                id=one.id,
                type=one.type,
                name=one.name,
                config=types.read(one),
            )
            for one in page.data
            if one.type in self.needs.own_types.get(self.source, ())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext(PluginContext):
    """One call of a tool; its storage is where the effect and the result of it go together.

    `call_id` names the call within its run; it is None for a member's own call.
    """

    call_id: str | None = None

    @property
    def thread_id(self) -> UUID | None:
        """The conversation in which it is called, if it is called in one."""
        return self.who.thread_id if isinstance(self.who, AgentRun) else None

    @property
    def idempotency_key(self) -> str | None:
        """A key that a repeated call has again: for other systems that can tell by it.

        None for a member's own call, which nobody repeats.
        """
        if self.call_id is None or not isinstance(self.who, AgentRun):
            return None
        return f"{self.who.run_id}:{self.call_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext(PluginContext):
    """One attempt at a task; `report` tells how far it is, from 0 to 1."""

    task_id: UUID
    report: Callable[[float], Awaitable[None]]

    @property
    def idempotency_key(self) -> str:
        """A key that all attempts have: for other systems that can tell by it."""
        return str(self.task_id)
