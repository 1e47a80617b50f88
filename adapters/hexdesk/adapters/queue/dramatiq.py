"""A queue on Redis or Valkey, carried by Dramatiq: it wakes workers and decides nothing."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from hexdesk.adapters.queue.consumer import HintConsumer, Reach, hint_in, queue_name
from hexdesk.adapters.queue.places import Places
from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.tasks import ALL_PRIORITIES, LOWEST_PRIORITY, TaskHint
from hexdesk.core.ports.queue import Queue, Work

NAMESPACE = "hexdesk:tasks"
ACTOR = "run_task"
# Whoever announces waits no longer: the sweeper does it again.
ANNOUNCE_SECONDS = 0.3
ANSWER_SECONDS = 1.0
# After a failure nobody tries for so long.
AGAIN_SECONDS = 1.0
OPTIONS: dict[str, Any] = {
    "namespace": NAMESPACE,
    # Retries, time limits and schedules are kept in the rows.
    "middleware": [],
    # A dead worker's hints come back about so long after its last sign of life; its tasks do
    # sooner, since the sweeper announces those whose lease is over.
    "heartbeat_timeout": 30_000,
    # Of a million commands so many look for the hints of dead workers.
    "maintenance_chance": 50_000,
}
# How long an idle thread sleeps at most.
IDLE_MS = 500
GRACE_SECONDS = 5.0
LET_GO_SECONDS = 3.0
STOP_MS = 2_000

log = logging.getLogger("hexdesk.queue")
Run = Callable[[str, str, int], None]


class NotDoneError(Exception):
    """A hint was not followed to its end, since this worker stops."""


@dataclass(slots=True)
class _Crew:
    """The work that Dramatiq's threads wait for."""

    work: Work
    is_stopping: bool = False
    under_way: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    async def do(self, hint: TaskHint) -> None:
        """Do one piece."""
        if self.is_stopping:
            raise NotDoneError
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self.under_way.add(task)
        try:
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
        if left:
            await asyncio.wait(left, timeout=LET_GO_SECONDS)


class DramatiqQueue(Queue):
    """One queue for each priority, `p0` to `p9`; a message holds two ids and a number."""

    def __init__(self, url: str, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Keep where the server is; nothing is connected yet."""
        self._url = url
        self._grace_seconds = grace_seconds
        client = _client(url, ANNOUNCE_SECONDS)
        self._announcer = _declared(RedisBroker(client=client, **OPTIONS), _nothing)
        self._again_at = 0.0

    async def announce(self, hints: Sequence[TaskHint]) -> None:
        if time.monotonic() < self._again_at:
            raise UnavailableError("the queue's server did not answer a moment ago")
        try:
            await asyncio.to_thread(self._enqueue, hints)
        except RedisError as error:
            self._again_at = time.monotonic() + AGAIN_SECONDS
            raise UnavailableError("the queue's server cannot be reached") from error

    @asynccontextmanager
    async def working(
        self, work: Work, *, concurrency: int, priorities: Sequence[int]
    ) -> AsyncGenerator[None]:
        loop, crew, places = (
            asyncio.get_running_loop(),
            _Crew(work),
            Places(concurrency, priorities),
        )

        def run(task_id: str, organization_id: str, priority: int) -> None:
            # In a thread of Dramatiq's, which waits: a hint is held until it has been followed.
            hint = hint_in(task_id, organization_id, priority)
            try:
                asyncio.run_coroutine_threadsafe(crew.do(hint), loop).result()
            except (CancelledError, NotDoneError):
                log.info("task given back", extra={"task_id": task_id})
                raise NotDoneError from None
            except Exception:
                log.exception("task could not be tried", extra={"task_id": task_id})

        client = _client(self._url, ANSWER_SECONDS)
        broker = _WorkersBroker(client, places)
        worker = dramatiq.Worker(
            _declared(broker, run),
            queues=set(map(queue_name, priorities)),
            worker_timeout=IDLE_MS,
            worker_threads=concurrency,
        )
        worker.start()
        try:
            yield
        finally:
            places.close()
            for thread in worker.workers:
                thread.stop()
            await crew.stop(self._grace_seconds)
            await asyncio.to_thread(worker.stop, STOP_MS)
            client.close()

    def _enqueue(self, hints: Sequence[TaskHint]) -> None:
        for hint in hints:
            message = dramatiq.Message[None](
                queue_name=queue_name(hint.priority),
                actor_name=ACTOR,
                args=(str(hint.task_id), str(hint.organization_id), hint.priority),
                kwargs={},
                options={},
            )
            self._announcer.enqueue(message)  # pyright: ignore[reportUnknownMemberType] - its options are untyped


class _WorkersBroker(RedisBroker):
    """Hands out hints as places are free, and takes back what was not done."""

    def __init__(self, client: redis.Redis, places: Places) -> None:
        super().__init__(client=client, **OPTIONS)  # pyright: ignore[reportUnknownMemberType] - its options are untyped
        self._places = places
        self._reach = Reach()
        self.add_middleware(_BackToTheQueue())

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> HintConsumer:
        """Return what takes hints; how many it may take, the places say."""
        return HintConsumer(self, queue_name, self._places, self._reach)


class _BackToTheQueue(dramatiq.Middleware):
    """Has a message refused, which gives it back, when the work was not done to its end."""

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        if isinstance(exception, NotDoneError):
            message.fail()


def _client(url: str, answer_seconds: float) -> redis.Redis:
    return cast("Any", redis.Redis).from_url(
        url,
        socket_connect_timeout=answer_seconds,
        socket_timeout=answer_seconds,
        # A pooled connection may have died with a server that is back.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        # The older protocol has all we need, and no unasked notices between the answers.
        protocol=2,
    )


def _declared(broker: RedisBroker, run: Run) -> RedisBroker:
    """Return the broker with all queues, whose messages are done by `run`."""
    for priority in ALL_PRIORITIES:
        broker.declare_queue(queue_name(priority))
    # No hint is ever delayed, since schedules lie in rows: these would only be listened to.
    broker.delay_queues.clear()
    dramatiq.Actor(
        run,
        broker=broker,
        actor_name=ACTOR,
        queue_name=queue_name(LOWEST_PRIORITY),
        priority=0,
        options={"throws": NotDoneError},
    )
    return broker


def _nothing(task_id: str, organization_id: str, priority: int) -> None:
    """Stand for the work at a broker that only announces."""
