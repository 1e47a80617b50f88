"""Probes: each asks one component how it does, and never waits long."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.health import ComponentHealth, HealthStatus
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.ports.health import Probe
from hexdesk.core.ports.presence import Presence

SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class CallProbe(Probe):
    """A component that works if a call to it succeeds; `otherwise` is what it is if not."""

    name: str
    call: Callable[[], Awaitable[object]]
    is_vital: bool = False
    otherwise: HealthStatus = HealthStatus.DOWN

    async def check(self) -> ComponentHealth:
        started = perf_counter()
        try:
            async with asyncio.timeout(SECONDS):
                await self.call()
        except Exception:  # noqa: BLE001 - whatever it is, the component does not work
            return ComponentHealth(status=self.otherwise, detail="does not answer")
        latency_ms = round((perf_counter() - started) * 1000, 1)
        return ComponentHealth(status=HealthStatus.OK, latency_ms=latency_ms)


@dataclass(frozen=True, kw_only=True)
class PresenceProbe(Probe):
    """Whether there is a worker: without one, nothing is done that nobody waits for."""

    presence: Presence
    name: str = "workers"
    is_vital: bool = False

    async def check(self) -> ComponentHealth:
        try:
            async with asyncio.timeout(SECONDS):
                count = (await self.presence.counts())[ProcessKind.WORKER]
        except (UnavailableError, TimeoutError):
            return ComponentHealth(status=HealthStatus.DEGRADED, detail="nobody can tell")
        if count == 0:
            return ComponentHealth(status=HealthStatus.DEGRADED, detail="no worker is running")
        detail = f"{count} worker{'' if count == 1 else 's'}"
        return ComponentHealth(status=HealthStatus.OK, detail=detail)


@dataclass(frozen=True, kw_only=True)
class AskingProbe(Probe):
    """A component that has to be asked for its problem; `note` is told when it has none."""

    name: str
    problem: Callable[[], Awaitable[str | None]]
    note: str | None = None
    is_vital: bool = False

    async def check(self) -> ComponentHealth:
        try:
            async with asyncio.timeout(SECONDS):
                problem = await self.problem()
        except (UnavailableError, TimeoutError):
            return ComponentHealth(status=HealthStatus.DEGRADED, detail="nobody can tell")
        status = HealthStatus.DEGRADED if problem else HealthStatus.OK
        return ComponentHealth(status=status, detail=problem or self.note)


@dataclass(frozen=True, kw_only=True)
class StateProbe(Probe):
    """A component that knows its own problem, if it has one; `note` is told when it has none."""

    name: str
    problem: Callable[[], str | None]
    note: str | None = None
    is_vital: bool = False

    async def check(self) -> ComponentHealth:
        # It may look at a disk, which may be slow.
        problem = await asyncio.to_thread(self.problem)
        status = HealthStatus.DEGRADED if problem else HealthStatus.OK
        return ComponentHealth(status=status, detail=problem or self.note)
