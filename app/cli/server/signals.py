"""The end of a service that is told to stop: in order, and within its limit."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import structlog

CLOSING = 1.5
"""Seconds over the stop's own limit in which everything is closed, or the process ends anyway."""
LEAVING = 0.4
"""Seconds in which a process whose work is closed ends by itself: threads at work would hold it."""
TELLING = 0.3
"""Seconds for the last line of the log, which whoever reads it may hold up."""
MOST_NAMED = 20

T = TypeVar("T")

log = structlog.get_logger("sluice.stopping")


class Ending:
    """SIGTERM and SIGINT: the first asks, and sets the limit; the second ends the process at once.

    Python ends only when its threads have ended, and no thread can be made to: code that sleeps in
    one, or waits for a socket, would hold up the stop for as long as it likes. So a thread of ours
    ends the process when the time is over, with ``os._exit``. Daemon threads would do for the
    family's own methods alone, and not for what ``asyncio.to_thread`` or a library has begun, nor
    for code that blocks the event loop itself. What was at work is delivered again.

    Args:
        within: seconds that what is in hand may still take.
    """

    def __init__(self, within: float) -> None:
        self._within = within
        self._asked = threading.Event()
        self._closed = threading.Event()
        # Begun now: a signal's handler may interrupt anything, also the beginning of a thread.
        threading.Thread(target=self._watch, name="stop", daemon=True).start()

    async def closing(self, main: Coroutine[object, object, T]) -> T:
        """Await ``main``, after which everything is closed."""
        try:
            return await main
        finally:
            self._closed.set()

    @contextmanager
    def on_signal(self, stop: Callable[[], None]) -> Iterator[None]:
        """Within a running loop: the first signal has it call ``stop``."""
        loop = asyncio.get_running_loop()

        def handle(number: int, _frame: FrameType | None) -> None:
            if self._asked.is_set():
                # What is in hand is delivered anew; embedded servers stop when their locks go.
                os._exit(128 + number)
            self._asked.set()
            loop.call_soon_threadsafe(stop)

        # Not the loop's own handlers: those wait until the loop is free.
        former = {number: signal.signal(number, handle) for number in _SIGNALS}
        try:
            yield
        finally:
            if not self._asked.is_set():
                for number, handler in former.items():
                    signal.signal(number, handler)

    def _watch(self) -> None:
        self._asked.wait()
        in_order = self._closed.wait(self._within + CLOSING)
        if in_order:
            time.sleep(LEAVING)
        telling = threading.Thread(target=_tell, args=(in_order,), daemon=True)
        telling.start()
        telling.join(TELLING)
        os._exit(0 if in_order else 1)


_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _tell(in_order: bool) -> None:
    threads = [
        thread.name
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    ]
    if in_order and not threads:
        return  # the interpreter itself takes long to end: nothing was at work
    log.warning(
        "threads_left_at_work" if in_order else "stopped_by_force",
        threads=threads[:MOST_NAMED],
        number=len(threads),
        hint="what was at work is delivered again",
    )
    sys.stdout.flush()
    sys.stderr.flush()
