"""What a worker has in its hands, and what that waits for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from app.store.monitoring.workers import Load
from app.workflows.registry.threads import Threads

AGAIN_AFTER = 60.0
"""Seconds between two warnings of what lasts."""

log = structlog.get_logger("sluice.worker")


@dataclass(slots=True)
class LoadGauge:
    """
    Args:
        in_hand: how many items the worker has.
        waiting: how many of their calls wait for a connection.
    """

    in_hand: Callable[[], int]
    threads: Threads
    waiting: Callable[[], int]
    _told: dict[str, float] = field(default_factory=dict)
    _waited: set[str] = field(default_factory=set)

    def read(self) -> Load:
        lines = self.threads.lines
        return Load(
            in_hand=self.in_hand(),
            threads=self.threads.number,
            threads_busy=sum(line.busy for line in lines),
            threads_left_behind=sum(line.left_behind for line in lines),
            waiting_for_thread=sum(line.waiting for line in lines),
            waiting_for_connection=self.waiting(),
        )

    def tell(self, load: Load) -> None:
        """Log it when a wait begins that lasts, now and then while it does, and when it is over.

        Call it every few seconds.
        """
        held = {line.flow_key: line.busy for line in self.threads.lines if line.busy}
        self._say(
            "waiting_for_threads",
            load.waiting_for_thread,
            busy=held,
            left_behind=load.threads_left_behind,
            hint="raise SLUICE_WORKER_THREADS, or give blocking calls a time limit of their own",
        )
        self._say(
            "waiting_for_connections",
            load.waiting_for_connection,
            hint="hold no session over a slow call, or raise SLUICE_POOL_SIZE",
        )
        self._say(
            "threads_left_behind",
            load.threads_left_behind,
            busy=held,
            hint="what timed out still runs there: give blocking calls a time limit of their own",
        )

    def _say(self, event: str, number: int, **fields: object) -> None:
        now = time.monotonic()
        if not number:
            self._waited.discard(event)
            if self._told.pop(event, None) is not None:
                log.info("wait_is_over", of=event)
        elif event not in self._waited:
            self._waited.add(event)  # once may be chance
        elif now - self._told.get(event, -AGAIN_AFTER) >= AGAIN_AFTER:
            self._told[event] = now
            log.warning(event, number=number, **fields)
