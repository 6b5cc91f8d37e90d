"""Says when the event loop was blocked for long, and by which item."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType

import structlog

BLOCKED_SECONDS = 0.5
LOOKS = 2.5
"""So many ticks, and looks at them, within that time: ten times a second each, they were a tenth of
what an idle worker takes."""

log = structlog.get_logger("sluice.worker")


class EventLoopMonitor:
    """A thread that looks whether the loop still ticks.

    Blocking code in an ``async def`` stalls every other item, and the heartbeats with them. The
    task that is running when the tick is late is the one that blocks; an item's task bears the
    item's name.
    """

    def __init__(self, blocked_after: float = BLOCKED_SECONDS) -> None:
        self._blocked_after = blocked_after
        self._tick = time.monotonic()
        self._done = threading.Event()

    async def __aenter__(self) -> EventLoopMonitor:
        self._loop = asyncio.get_running_loop()
        self._keep_ticking()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._next_tick.cancel()
        # Here, and in no thread of the loop's: those may all be held by a family's code.
        self._thread.join(self._blocked_after)

    def _keep_ticking(self) -> None:
        # No task that sleeps, which takes more than the tick.
        self._tick = time.monotonic()
        self._next_tick = self._loop.call_later(self._blocked_after / LOOKS, self._keep_ticking)

    def _watch(self) -> None:
        reported = 0.0
        while not self._done.wait(self._blocked_after / LOOKS):
            tick = self._tick
            late = time.monotonic() - tick
            if late > self._blocked_after and tick != reported:
                reported = tick
                task = asyncio.current_task(self._loop)
                log.warning(
                    "event_loop_blocked",
                    seconds=round(late, 2),
                    by=task.get_name() if task else "unknown",
                    hint="make the method a plain def, and it runs in a thread",
                )
