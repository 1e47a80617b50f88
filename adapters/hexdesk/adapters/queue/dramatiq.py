"""A queue on Redis or Valkey, carried by Dramatiq: it wakes workers and decides nothing."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
ANSWER_SECONDS = 2
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
class _UnderWay:
    """The work that Dramatiq's threads wait for."""

    is_stopping: bool = False
    futures: set[Future[None]] = field(default_factory=set["Future[None]"])


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
        loop, under_way = asyncio.get_running_loop(), _UnderWay()

        async def attempt(hint: TaskHint) -> None:
            await work(hint)

        def run(task_id: str, organization_id: str, priority: int) -> None:
            # In a thread of Dramatiq's, which waits: so hints are taken no faster than done.
            if under_way.is_stopping:
                return
            hint = TaskHint(
                task_id=UUID(task_id), organization_id=UUID(organization_id), priority=priority
            )
            future = asyncio.run_coroutine_threadsafe(attempt(hint), loop)
            under_way.futures.add(future)
            try:
                future.result()
            except Exception:
                log.exception("task could not be tried", extra={"task_id": task_id})
            finally:
                under_way.futures.discard(future)

        with quieted(logging.getLogger("dramatiq"), log):
            workers = [
                dramatiq.Worker(
                    self._broker(run),
                    queues={_queue_name(priority) for priority in lane},
                    worker_timeout=IDLE_MS,
                    worker_threads=places,
                )
                for lane, places in Counter(lanes(concurrency, priorities)).items()
            ]
            for worker in workers:
                worker.start()
            try:
                yield
            finally:
                await self._stop(workers, under_way)

    async def _stop(self, workers: Sequence[dramatiq.Worker], under_way: _UnderWay) -> None:
        under_way.is_stopping = True
        for worker in workers:
            for thread in worker.workers:
                thread.stop()
        await _within(self._grace_seconds, under_way.futures)
        for future in tuple(under_way.futures):
            future.cancel()
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
            retry=Retry(NoBackoff(), 1),
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


async def _within(seconds: float, futures: Collection[Future[None]]) -> None:
    """Wait for so long for what is under way."""
    waiting = [asyncio.wrap_future(future) for future in tuple(futures)]
    if waiting:
        await asyncio.wait(waiting, timeout=seconds)


def _stopped(worker: dramatiq.Worker) -> None:
    """Stop a worker's threads and give back what it took and did not begin."""
    try:
        worker.stop(STOP_MS)
    except RedisError as error:
        # What was taken comes back to the others after the heartbeat's time.
        log.warning("hints not given back", extra={"reason": str(error)})
