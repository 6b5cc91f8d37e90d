"""FIFO queues: the next message waits until the one before has ended, and its callbacks have."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from app.qstash_dev.clock import Clock
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.message import QStashMessage
from app.qstash_dev.wire.flow_limits import check_name

MOST_QUEUES = 10_000
MOST_PARALLELISM = 1_000


@dataclass(slots=True, eq=False)
class QStashQueue:
    """
    Args:
        parallelism: messages that may be under way at once, from their first delivery to their end.
        active: the ids of those that are.
        created_at, updated_at: Unix seconds.
    """

    name: str
    created_at: float
    updated_at: float
    parallelism: int = 1
    paused: bool = False
    active: set[str] = field(default_factory=set)
    waiting: deque[QStashMessage] = field(default_factory=deque)

    @property
    def lag(self) -> int:
        """Messages that have not ended."""
        return len(self.active) + len(self.waiting)

    def begin(self) -> QStashMessage | None:
        """The next, which is counted at once; None: none may be now."""
        if self.paused or not self.waiting or len(self.active) >= self.parallelism:
            return None
        message = self.waiting.popleft()
        self.active.add(message.id)
        return message

    def end(self, message: QStashMessage) -> None:
        """It is not under way any more, if it was."""
        self.active.discard(message.id)

    def remove(self, message: QStashMessage) -> None:
        """It does not wait any more, if it did."""
        if message in self.waiting:
            self.waiting.remove(message)


class Queues:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queues: dict[str, QStashQueue] = {}

    def all(self) -> list[QStashQueue]:
        return sorted(self._queues.values(), key=lambda queue: queue.name)

    def find(self, name: str) -> QStashQueue:
        """
        Raises:
            QStashRefusal: there is none of this name.
        """
        queue = self._queues.get(check_name(name, "queue"))
        if queue is None:
            raise QStashRefusal(f"There is no queue {name!r}.", 404)
        return queue

    def get(self, name: str) -> QStashQueue | None:
        return self._queues.get(name)

    def of(self, name: str) -> QStashQueue:
        """It is made where there is none.

        Raises:
            QStashRefusal: no queue may be called so, or there are too many.
        """
        queue = self._queues.get(check_name(name, "queue"))
        if queue is None:
            if len(self._queues) >= MOST_QUEUES:
                raise QStashRefusal(f"There are {MOST_QUEUES} queues already.", 412)
            now = self._clock.now()
            queue = self._queues[name] = QStashQueue(name, now, now)
        return queue

    def change(self, name: str, *, parallelism: int | None, paused: bool | None) -> QStashQueue:
        """Change these settings of a queue. None: leave that one as it is.

        Raises:
            QStashRefusal: see ``of``; or the parallelism cannot be.
        """
        if parallelism is not None and not 1 <= parallelism <= MOST_PARALLELISM:
            raise QStashRefusal(f"The parallelism of a queue is 1 to {MOST_PARALLELISM}.", 412)
        queue = self.of(name)
        queue.parallelism = queue.parallelism if parallelism is None else parallelism
        queue.paused = queue.paused if paused is None else paused
        queue.updated_at = self._clock.now()
        return queue

    def remove(self, name: str) -> None:
        """What waits in it is left to whoever asks."""
        self._queues.pop(check_name(name, "queue"), None)
