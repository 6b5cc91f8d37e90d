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
        active: that are.
        created_at, updated_at: Unix seconds.
    """

    name: str
    created_at: float
    updated_at: float
    parallelism: int = 1
    paused: bool = False
    active: int = 0
    waiting: deque[QStashMessage] = field(default_factory=deque)

    @property
    def lag(self) -> int:
        """Messages that have not ended."""
        return self.active + len(self.waiting)

    def begin(self) -> QStashMessage | None:
        """The next, which is counted at once; None: none may be now."""
        if self.paused or not self.waiting or self.active >= self.parallelism:
            return None
        self.active += 1
        return self.waiting.popleft()

    def end(self) -> None:
        self.active -= 1


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
        """None: as it was.

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

    def remove(self, name: str) -> QStashQueue | None:
        """What waits in it is left to whoever asks."""
        return self._queues.pop(check_name(name, "queue"), None)
