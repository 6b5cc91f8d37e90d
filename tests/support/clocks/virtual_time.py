"""A loop whose time passes only while everybody waits, and then at once: what is promised of times
is exact there, however busy the machine is."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST = 600.0
"""Of its seconds. What waits for something that does not come is told so."""


class _Waits(selectors.SelectSelector):
    """Does not wait: the clock moves on by as long as it would have waited."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("Everybody waits, and nothing is due.")
        if not ready:
            self.passed += timeout or 0.0
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code that waits for the loop's clock and for nothing outside: no socket, no thread."""

    def __init__(self) -> None:
        self._waits = _Waits()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.passed

    def stall(self, seconds: float) -> None:
        """So long nothing runs, whatever is due."""
        self._waits.passed += seconds


def in_virtual_time(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run it to its end, and cancel whatever it has left behind."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(asyncio.wait_for(main(loop), LONGEST))
    finally:
        loop.run_until_complete(_cancelled(asyncio.all_tasks(loop)))
        loop.close()


async def _cancelled(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Moved:
    """A loop's clock that is ahead of the machine's."""

    def __init__(self, usual: Callable[[], float]) -> None:
        self._usual = usual
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._usual() + self.ahead


def pass_by(seconds: float) -> None:
    """Move the running loop's clock on: whoever waits by it has waited for so long. It never goes
    back, so that nothing that waits beyond this test is late."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop.time, _Moved):
        loop.time = _Moved(loop.time)  # type: ignore[method-assign]  # of this loop alone
    loop.time.ahead += seconds
