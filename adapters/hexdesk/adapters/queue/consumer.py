"""How a worker takes hints from a Redis: one it can begin at once, and never ahead of that."""

import logging
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from dramatiq import Consumer, Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import DecodeError
from redis.exceptions import RedisError

from hexdesk.adapters.queue.places import Places
from hexdesk.core.model.tasks import TaskHint

# Whoever waits for a place gives a sign of life so often: else others would think it dead.
BEAT_SECONDS = 5
AGAIN_SECONDS = 1
# An empty queue is looked at less and less often.
SHORTEST_REST_SECONDS = 0.01
LONGEST_REST_SECONDS = 0.25

log = logging.getLogger("hexdesk.queue")


class Reach:
    """Whether the server answers; logs when that changes, since twenty threads notice it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_lost = False

    @property
    def is_lost(self) -> bool:
        """Whether what was last asked was not answered."""
        return self._is_lost

    def lose(self, error: RedisError) -> None:
        """Note that the server did not answer."""
        if self._changes(is_lost=True):
            log.warning("queue lost", extra={"reason": str(error) or type(error).__name__})

    def find(self) -> None:
        """Note that the server answered."""
        if self._is_lost and self._changes(is_lost=False):
            log.warning("queue back")

    def _changes(self, *, is_lost: bool) -> bool:
        with self._lock:
            was_lost, self._is_lost = self._is_lost, is_lost
        return was_lost != is_lost


class HintConsumer(Consumer):
    """Takes as many hints of one priority as there are places, and holds these until the end.

    Dramatiq's own consumer takes twice as many for each queue as there are threads. They would
    wait behind the work of this process, the urgent too, while another process has nothing to do.
    What goes wrong is dealt with here: Dramatiq would have a thread wait until the server is back.
    """

    def __init__(self, broker: RedisBroker, queue_name: str, places: Places, reach: Reach) -> None:
        self._queue_name = queue_name
        self._priority = priority_of(queue_name)
        self._server = cast("Any", broker)
        self._places = places
        self._reach = reach
        self._taken: deque[MessageProxy] = deque()
        self._untold: deque[tuple[str, str]] = deque()
        self._misses = 0

    def __next__(self) -> MessageProxy | None:
        if not self._taken:
            self._take()
        return self._taken.popleft() if self._taken else None

    def ack(self, message: MessageProxy) -> None:
        """Note that the hint has been followed."""
        self._places.give_back(self._priority)
        self._tell("ack", message)

    def nack(self, message: MessageProxy) -> None:
        """Give a hint back that was not followed to its end, so that somebody else does."""
        self._places.give_back(self._priority)
        self._tell("requeue", message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        for message in messages:
            self._tell("requeue", message)

    def close(self) -> None:
        """Give back what was taken and handed to nobody."""
        self.requeue(self._taken)
        self._taken.clear()

    def _take(self) -> None:
        places = self._places.take(self._priority, BEAT_SECONDS)
        if self._places.are_closed:
            self._places.give_back(self._priority, places)
            return
        try:
            while self._untold:
                command, message_id = self._untold[0]
                self._command(command, message_id)
                self._untold.popleft()
            found = self._command("fetch", places)
        except RedisError as error:
            self._places.give_back(self._priority, places)
            self._reach.lose(error)
            self._places.rest(AGAIN_SECONDS)
            return
        self._reach.find()
        self._taken.extend(message for data in found if (message := self._understood(data)))
        self._places.give_back(self._priority, places - len(self._taken))
        if places and not self._taken:
            self._places.rest(min(SHORTEST_REST_SECONDS * 2**self._misses, LONGEST_REST_SECONDS))
            self._misses = min(self._misses + 1, 10)
        elif self._taken:
            self._misses = 0

    def _understood(self, data: bytes | None) -> MessageProxy | None:
        """Return the message if it holds a hint; others are passed over."""
        if data is None:
            return None
        try:
            message = cast("Message[None]", cast("Any", Message).decode(data))
            hint_in(*message.args)
        except (DecodeError, TypeError, ValueError) as error:
            log.warning("hint not understood", extra={"reason": str(error)})
            return None
        return MessageProxy(message)

    def _tell(self, command: str, message: MessageProxy) -> None:
        """Tell the server what became of a hint: later, if it does not answer."""
        message_id = str(message.options["redis_message_id"])
        if not self._reach.is_lost:
            try:
                self._command(command, message_id)
            except RedisError as error:
                self._reach.lose(error)
            else:
                return
        self._untold.append((command, message_id))

    def _command(self, name: str, argument: str | int) -> list[bytes | None]:
        return getattr(self._server, f"do_{name}")(self._queue_name, argument)


def queue_name(priority: int) -> str:
    """Return the name of the queue of a priority."""
    return f"p{priority}"


def priority_of(queue_name: str) -> int:
    """Return the priority whose queue has this name."""
    return int(queue_name.removeprefix("p"))


def hint_in(task_id: str, organization_id: str, priority: int) -> TaskHint:
    """Return the hint in what a message holds; raise `TypeError` or `ValueError` without one."""
    return TaskHint(task_id=UUID(task_id), organization_id=UUID(organization_id), priority=priority)
