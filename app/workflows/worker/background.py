"""What runs beside the work: it goes on as long as the work does, and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

AGAIN_AFTER = 1.0
"""Seconds until what has broken down is begun anew."""

Beside = Callable[[], Coroutine[Any, Any, None]]  # of a coroutine function

log = structlog.get_logger("sluice.worker")


async def keep_running(run: Beside) -> None:
    """Run it until it ends by itself. If it raises, which is a bug of ours, log that and begin it
    anew, because the work depends on it."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("broke_down", what=getattr(run, "__qualname__", str(run)))
            await asyncio.sleep(AGAIN_AFTER)
        else:
            return


async def cancel_and_wait(tasks: Iterable[asyncio.Task[None]], *, again: float = 0.3) -> None:
    """Cancel each, and wait until all have ended; what they raise is dropped.

    Once is not enough: redis-py swallows a cancellation that comes while it connects.

    Args:
        again: seconds that a task has for cleaning up, before it is cancelled once more.
    """
    all_of_them = left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again)
    await asyncio.gather(*all_of_them, return_exceptions=True)
