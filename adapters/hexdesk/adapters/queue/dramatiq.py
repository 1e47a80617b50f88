"""A queue on Redis or Valkey, carried by Dramatiq: it wakes workers and decides nothing."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from hexdesk.adapters.queue.quiet_logs import quieted
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.tasks import ALL_PRIORITIES, LOWEST_PRIORITY, TaskHint
from hexdesk.core.policy.lanes import lanes
from hexdesk.core.ports.queue import Queue, Work

NAMESPACE = "hexdesk:tasks"
ACTOR = "run_task"
CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 1
# A dead worker's hints come back about so long after its last sign of life; its tasks do sooner,
# since the sweeper announces those whose lease is over.
HEARTBEAT_MS = 30_000
# Of a million commands so many look for the hints of dead workers.
MAINTENANCE_CHANCE = 50_000
# How long an idle consumer sleeps at most.
IDLE_MS = 500
GRACE_SECONDS = 5
STOP_MS = 4_000

log = logging.getLogger("hexdesk.queue")
Run = Callable[[str, str, int], None]


@dataclass(slots=True)
class _Crew:
    """The work that Dramatiq's threads wait for, so many pieces at once."""

    work: Work
    places: asyncio.Semaphore
    is_stopping: bool = False
    under_way: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    async def do(self, hint: TaskHint) -> None:
        """Do one piece, as soon as there is a place."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self.under_way.add(task)
        try:
            async with self.places:
                await self.work(hint)
        finally:
            self.under_way.discard(task)

    async def stop(self, seconds: float) -> None:
        """Let what is under way end for so long, and cancel what has not ended by then."""
        self.is_stopping = True
        if self.under_way:
            await asyncio.wait(tuple(self.under_way), timeout=seconds)
        left = tuple(self.under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class DramatiqQueue(Queue):
    """One queue for each priority, `p0` to `p9`; a message holds two ids and a number."""

    def __init__(self, url: str, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Keep where the server is; nothing is connected yet."""
        self._url = url
        self._grace_seconds = grace_seconds
        self._announcer = self._broker(_nothing)

    async def announce(self, hints: Sequence[TaskHint]) -> None:
        try:
            await asyncio.to_thread(self._enqueue, hints)
        except RedisError as error:
            raise UnavailableError("the queue's server cannot be reached") from error

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        loop, crew = asyncio.get_running_loop(), _Crew(work, asyncio.Semaphore(concurrency))

        def run(task_id: str, organization_id: str, priority: int) -> None:
            # In a thread of Dramatiq's, which waits: so hints are taken no faster than done.
            if crew.is_stopping:
                return
            hint = TaskHint(
                task_id=UUID(task_id), organization_id=UUID(organization_id), priority=priority
            )
            try:
                asyncio.run_coroutine_threadsafe(crew.do(hint), loop).result()
            except CancelledError:
                log.info("task given back", extra={"task_id": task_id})
            except Exception:
                log.exception("task could not be tried", extra={"task_id": task_id})

        with quieted(logging.getLogger("dramatiq"), log):
            workers = [
                dramatiq.Worker(
                    self._broker(run),
                    queues=set(map(_queue_name, served)),
                    worker_timeout=IDLE_MS,
                    worker_threads=threads,
                )
                for served, threads in _shares(concurrency, priorities)
            ]
            for worker in workers:
                worker.start()
            try:
                yield
            finally:
                for worker in workers:
                    for thread in worker.workers:
                        thread.stop()
                await crew.stop(self._grace_seconds)
                await asyncio.gather(*(asyncio.to_thread(_stopped, worker) for worker in workers))

    def _enqueue(self, hints: Sequence[TaskHint]) -> None:
        for hint in hints:
            message = dramatiq.Message[None](
                queue_name=_queue_name(hint.priority),
                actor_name=ACTOR,
                args=(str(hint.task_id), str(hint.organization_id), hint.priority),
                kwargs={},
                options={},
            )
            self._announcer.enqueue(message)  # pyright: ignore[reportUnknownMemberType] - its options are untyped

    def _broker(self, run: Run) -> RedisBroker:
        """Return a broker with all queues, whose messages are done by `run`."""
        client = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its options are untyped
            self._url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            # A pooled connection may have died with a server that is back.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        broker = RedisBroker(
            client=client,
            middleware=[],
            namespace=NAMESPACE,
            heartbeat_timeout=HEARTBEAT_MS,
            maintenance_chance=MAINTENANCE_CHANCE,
        )
        for priority in ALL_PRIORITIES:
            broker.declare_queue(_queue_name(priority))
        # No hint is ever delayed, since schedules lie in rows: these would only be listened to.
        broker.delay_queues.clear()
        queue = _queue_name(LOWEST_PRIORITY)
        dramatiq.Actor(
            run, broker=broker, actor_name=ACTOR, queue_name=queue, priority=0, options={}
        )
        return broker


def _queue_name(priority: int) -> str:
    return f"p{priority}"


def _nothing(task_id: str, organization_id: str, priority: int) -> None:
    """Stand for the work at a broker that only announces."""


def _shares(concurrency: int, priorities: Sequence[int]) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Return which priorities are taken by how many threads.

    Whoever takes bulk work must not take urgent work too: what a Dramatiq worker has taken ahead
    waits for its own threads. Urgent work may fill all places, bulk work those that are not kept.
    """
    places = Counter(lanes(concurrency, priorities))
    served = max(places, key=len)
    urgent = min(places, key=len)
    if urgent == served:
        return ((served, concurrency),)
    bulk = tuple(one for one in served if one not in urgent)
    return (urgent, concurrency), (bulk, places[served])


def _stopped(worker: dramatiq.Worker) -> None:
    """Stop a worker's threads and give back what it took and did not begin."""
    try:
        worker.stop(STOP_MS)
    except RedisError as error:
        # What was taken comes back to the others after the heartbeat's time.
        log.warning("hints not given back", extra={"reason": str(error)})
