"""Ending what runs beside the work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


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
