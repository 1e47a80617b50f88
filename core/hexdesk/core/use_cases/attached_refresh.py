"""Asking attached servers what tools they have, and keeping what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import (
    EgressRefusedError,
    InvalidError,
    NotFoundError,
    ToolsUnavailableError,
)
from hexdesk.core.model.attached_tools import AttachedTool, ToolDefinition
from hexdesk.core.model.integrations import ConnectionCheck, Integration, IntegrationStatus
from hexdesk.core.model.principals import Principal, System
from hexdesk.core.model.tasks import Endurance, Task, TaskStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.policy.tool_drift import Drift, Snapshot, drift, snapshot
from hexdesk.core.policy.tool_names import prefix_for
from hexdesk.core.ports.attached_servers import AttachedServers
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.integration_types import IntegrationTypes
from hexdesk.core.use_cases.mcp_servers import MCP, address_of
from hexdesk.core.use_cases.task_types import TaskEnd, TaskType, TaskWork

ATTACHED_TOOLS = "attached_tools"
REFRESH_EVERY = timedelta(minutes=15)
PRIORITY = 6
ASKED_ALL_RIGHT = 200


class AttachedToolsData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose tools are asked for."""

    integration_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTools:
    """Ask a server for its tools, and flag those that are not what they were."""

    storage: Storage
    clock: Clock
    types: IntegrationTypes
    servers: AttachedServers
    auditor: Auditor

    async def __call__(self, who: Principal, integration: Integration) -> ConnectionCheck:
        """Return how it went, never what the server said.

        What was found out about an address that was changed meanwhile is not kept.
        """
        started = self.clock.elapsed()
        seen, detail = None, ""
        try:
            # No transaction is open while the other side thinks about it.
            server = address_of(integration, self.types)
            seen = snapshot(await self.servers.list_tools(server))
        except (EgressRefusedError, InvalidError, ToolsUnavailableError, ValueError) as error:
            detail = str(error)
        latency_ms = round((self.clock.elapsed() - started) * 1000, 1)
        async with self.storage.transaction(who) as tx:
            # Of two servers refreshed at once, the second sees the names of the first.
            await tx.agents.lock()
            present = await tx.integrations.get(integration.id, lock=True)
            if present.config == integration.config:
                if seen is not None:
                    detail = await self._keep(tx, who, present, seen)
                await self._note(tx, present, detail if seen is None else None)
        return ConnectionCheck(
            ok=seen is not None,
            status_code=None if seen is None else ASKED_ALL_RIGHT,
            latency_ms=latency_ms,
            detail=detail,
        )

    async def _note(self, tx: Transaction, present: Integration, error: str | None) -> None:
        after = replace(
            present,
            status=IntegrationStatus.OK if error is None else IntegrationStatus.ERROR,
            last_checked_at=self.clock.now(),
            last_error=error,
        )
        await tx.integrations.update(after)

    async def _keep(
        self, tx: Transaction, who: Principal, present: Integration, seen: Snapshot
    ) -> str:
        known = [one.tool for one in await tx.attached_tools.all()]
        own = [tool for tool in known if tool.integration_id == present.id]
        taken = {tool.prefix for tool in known if tool.integration_id != present.id}
        # A server that is renamed keeps the names that agents know its tools by.
        prefix = own[0].prefix if own else prefix_for(present.name, present.id, taken)
        found = drift(own, seen.tools, prefix, {tool.name for tool in known})
        for name, definition in found.added:
            await tx.attached_tools.add(self._new(present.id, name, prefix, definition))
        for tool in found.updated:
            await tx.attached_tools.update(tool)
        for name in found.flagged:
            target = ("integration", present.id)
            await self.auditor.note(tx, who, "attached_tool.changed", target=target, tool=name)
        return _told(own, seen, found)

    def _new(
        self, integration_id: UUID, name: str, prefix: str, definition: ToolDefinition
    ) -> AttachedTool:
        now = self.clock.now()
        return AttachedTool(
            id=self.clock.new_id(),
            integration_id=integration_id,
            name=name,
            prefix=prefix,
            accepted=definition,
            accepted_at=now,
            created_at=now,
        )


@dataclass(frozen=True, kw_only=True)
class RefreshAttachedTools(TaskType):
    """Look again and again at the tools of a server, for as long as it is attached."""

    storage: Storage
    clock: Clock
    refresh: RefreshTools
    name: str = ATTACHED_TOOLS
    data: type[msgspec.Struct] = AttachedToolsData
    right: Right | None = None
    endurance: Endurance = Endurance(time_limit=60)
    priority: int = PRIORITY

    async def run(self, work: TaskWork) -> TaskEnd:
        who = System(organization_id=work.task.organization_id)
        try:
            async with self.storage.transaction(who) as tx:
                integration = await tx.integrations.get(work.data.integration_id)
            if not integration.is_active:
                return TaskEnd(result={"status": "switched off"})
            check = await self.refresh(who, integration)
            async with self.storage.transaction(who) as tx:
                present = await tx.integrations.get(integration.id)
        except NotFoundError:
            return TaskEnd(result={"status": "forgotten"})
        now = self.clock.now()
        again_at = now + REFRESH_EVERY if present.config == integration.config else now
        return TaskEnd(result={"ok": check.ok, "detail": check.detail}, again_at=again_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRefresh:
    """Have the tools of a server looked at soon, and from then on regularly: one task for each."""

    clock: Clock

    async def __call__(self, tx: Transaction, who: Principal, integration: Integration) -> None:
        """Do so within the transaction that adds or changes the integration."""
        if integration.type != MCP or not integration.is_active:
            return
        now = self.clock.now()
        wanted = Task(
            id=self.clock.new_id(),
            organization_id=who.organization_id,
            task_type=ATTACHED_TOOLS,
            task_data={"integration_id": str(integration.id)},
            priority=PRIORITY,
            created_at=now,
            ready_at=now,
            principal=System(organization_id=who.organization_id),
            dedupe_key=f"{ATTACHED_TOOLS}:{integration.id}",
        )
        task = await tx.tasks.add(wanted)
        # One that is at work looks at what was there before; it comes again by itself.
        if task.id != wanted.id and task.status is not TaskStatus.RUNNING:
            again = replace(task, status=TaskStatus.QUEUED, attempts=0, ready_at=now)
            await tx.tasks.update(again)


def _told(own: Sequence[AttachedTool], seen: Snapshot, found: Drift) -> str:
    after = {tool.id: tool for tool in (*own, *found.updated)}.values()
    waiting = sum(tool.changed is not None for tool in after)
    gone = sum(tool.is_gone for tool in after)
    known = {tool.accepted.name for tool in own} | {one.name for _, one in found.added}
    left_out = seen.left_out + len(set(seen.tools) - known)
    parts = (
        f"{len(seen.tools)} tools",
        waiting and f"{waiting} changed and waiting for an admin",
        gone and f"{gone} gone",
        left_out and f"{left_out} that cannot be taken",
    )
    return ", ".join(part for part in parts if part)
