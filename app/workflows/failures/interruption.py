"""Telling what was asked of a task from what its code ran into.

A cancellation is an exception like another, and code meets it in two ways: somebody cancelled the
task itself, or it awaited something that was cancelled elsewhere, such as a token's refresh that
several items share. Only the first must be let through.
"""

from __future__ import annotations

import asyncio


class Interruption:
    """Made where a task begins something, and asked about what that raised."""

    __slots__ = ("_cancels", "task")

    def __init__(self) -> None:
        self.task = asyncio.current_task()
        self._cancels = 0 if self.task is None else self.task.cancelling()

    def asked(self, error: BaseException) -> bool:
        """Whether the task must end with ``error``: it has been cancelled meanwhile, or it is being
        thrown away."""
        if isinstance(error, asyncio.CancelledError):
            # Only beside a cancellation: some code cancels its task and never takes it back, as a
            # TaskGroup of Python 3.11 does when one of its tasks fails.
            return self.task is not None and self.task.cancelling() > self._cancels
        return self.thrown_away(error)

    def thrown_away(self, error: BaseException) -> bool:
        """Whether ``error`` ends a coroutine that nobody runs any more: it may not await."""
        return isinstance(error, GeneratorExit) and _running() is not self.task


def _running() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop runs
        return None
