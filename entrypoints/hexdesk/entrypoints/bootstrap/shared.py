"""What processes share: through Redis or Valkey where there is one, else nothing."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from hexdesk.adapters.cache.memory import MemoryCache
from hexdesk.adapters.cache.redis import RedisCache
from hexdesk.adapters.events.memory import MemoryRunEvents
from hexdesk.adapters.events.redis import RedisRunEvents
from hexdesk.adapters.health.probes import CallProbe, PresenceProbe, StateProbe
from hexdesk.adapters.limits.memory import MemoryLimiter
from hexdesk.adapters.limits.redis import RedisLimiter
from hexdesk.adapters.presence.memory import MemoryPresence
from hexdesk.adapters.presence.redis import RedisPresence
from hexdesk.adapters.queue.dramatiq import DramatiqQueue
from hexdesk.adapters.queue.local import LocalQueue
from hexdesk.adapters.redis.line import RedisLine
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.health import HealthStatus
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.health import Probe
from hexdesk.core.ports.limits import RateLimiter
from hexdesk.core.ports.presence import Presence
from hexdesk.core.ports.queue import Queue
from hexdesk.entrypoints.settings import SettingsError
from hexdesk.entrypoints.version import VERSION

COUNT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Ports that several processes meet in; `near_cache` is this process's own."""

    limiter: RateLimiter
    cache: Cache
    near_cache: Cache
    events: RunEvents
    presence: Presence
    queue: Queue
    probes: tuple[Probe, ...]


@dataclass(slots=True)
class Census:
    """How many processes there were when it was last looked."""

    presence: Presence
    _counts: Mapping[ProcessKind, int] = field(default_factory=dict[ProcessKind, int])

    def count(self, kind: ProcessKind) -> int | None:
        """Return how many of a kind there are; None while nobody knows."""
        return self._counts.get(kind)

    async def keep_counting(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                self._counts = await self.presence.counts()
            except UnavailableError:
                self._counts = {}
            await asyncio.sleep(COUNT_SECONDS)


@asynccontextmanager
async def open_shared(redis_url: str | None, clock: Clock) -> AsyncGenerator[Shared]:
    """Open what processes share, whether or not the server answers by now."""
    if redis_url is None:
        yield _alone(clock)
        return
    async with _line(redis_url) as line:
        events = RedisRunEvents(MemoryRunEvents(clock), clock, ask=line.ask, hear=line.hear)
        presence = RedisPresence(line.run, clock)
        async with events.running():
            yield Shared(
                limiter=RedisLimiter(line.run, MemoryLimiter(clock)),
                cache=RedisCache(line.ask, prefix=f"hexdesk:cache:{VERSION}"),
                near_cache=MemoryCache(clock),
                events=events,
                presence=presence,
                queue=DramatiqQueue(redis_url),
                probes=(
                    CallProbe(name="redis", call=line.check, otherwise=HealthStatus.DEGRADED),
                    PresenceProbe(presence=presence),
                ),
            )


@asynccontextmanager
async def attending(presence: Presence, *kinds: ProcessKind) -> AsyncGenerator[None]:
    """Say what this process is there for, while inside."""
    async with AsyncExitStack() as stack:
        for kind in kinds:
            await stack.enter_async_context(presence.here(kind))
        yield


def redis_problem(redis_url: str) -> str | None:
    """Tell what keeps the server from being used; None if nothing does."""

    async def check() -> None:
        async with _line(redis_url) as line:
            await line.check()

    try:
        asyncio.run(check())
    except SettingsError as error:
        return str(error)
    except UnavailableError as error:
        return f"{error}: {error.__cause__}"
    return None


def _alone(clock: Clock) -> Shared:
    cache = MemoryCache(clock)
    return Shared(
        limiter=MemoryLimiter(clock),
        cache=cache,
        near_cache=cache,
        events=MemoryRunEvents(clock),
        presence=MemoryPresence(),
        queue=LocalQueue(),
        probes=(StateProbe(name="workers", problem=lambda: None, note="in this process"),),
    )


@asynccontextmanager
async def _line(redis_url: str) -> AsyncGenerator[RedisLine]:
    try:
        line = RedisLine(redis_url)
    except ValueError:
        # What it says may hold the password.
        message = "HEXDESK_REDIS_URL cannot be used: it must be like redis://:password@host:6379/0"
        raise SettingsError(message) from None
    try:
        yield line
    finally:
        await line.aclose()
