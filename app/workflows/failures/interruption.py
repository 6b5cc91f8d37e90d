"""Telling what was asked of a task from what its code ran into.

A cancellation is an exception like another, and code meets it in two ways: somebody cancelled the
task itself, or it awaited something that was cancelled elsewhere, such as a token's refresh that
several items share. Only the first must be let through.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Interruption:
    """Made where a task begins something, and asked about what that raised.

    Args:
        task: the current one, where it is known already: asking for it asks for the process's id.
    """

    __slots__ = ("_cancels", "_task")

    def __init__(self, task: asyncio.Task[Any] | None = None) -> None:
        self._task = task or asyncio.current_task()
        self._cancels = 0 if self._task is None else self._task.cancelling()

    def asked(self, error: BaseException) -> bool:
        """Whether the task must end with ``error``: it has been cancelled meanwhile, or it is being
        thrown away."""
        if isinstance(error, asyncio.CancelledError):
            # Only beside a cancellation: some code cancels its task and never takes it back, as a
            # TaskGroup of Python 3.11 does when one of its tasks fails.
            return self._task is not None and self._task.cancelling() > self._cancels
        return self.thrown_away(error)

    def thrown_away(self, error: BaseException) -> bool:
        """Whether ``error`` ends a coroutine that nobody runs any more: it may not await."""
        return isinstance(error, GeneratorExit) and _running() is not self._task


def _running() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop runs
        return None
