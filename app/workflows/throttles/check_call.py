"""Calling a throttle's check: in its time, once at a time, and whatever it raises."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

import structlog

from app.connections.faults import Fault, away, said
from app.connections.shared_tasks import shared_task
from app.errors import SluiceError
from app.workflows.contract.context import Context
from app.workflows.contract.throttle import Throttle
from app.workflows.registry.family_call import told

CHECK_SECONDS = 10.0
"""For which a check is waited for."""
CLEANING = 1.0
"""Seconds in which one that was cancelled must have ended before it is asked anew."""
LONGEST_SENTENCE = 500
"""Characters."""

Call = Callable[[Context], Awaitable[object]]

log = structlog.get_logger("sluice.throttle")


class NoAnswer(SluiceError):
    """A check has said neither that all is well nor why not."""


class CheckCall:
    """
    Args:
        of: whose it is, in words.
        in_thread: makes a plain ``def`` awaitable.
        kept: what it said holds until it is to be asked again, whoever asks: it is shared.
    """

    def __init__(
        self,
        throttle: Throttle,
        of: str,
        context: Callable[[], Context],
        in_thread: Callable[[Callable[..., object]], Call],
        *,
        kept: bool = False,
        seconds: float = CHECK_SECONDS,
    ) -> None:
        self.throttle = throttle
        self._of = of
        self._context = context
        check = throttle.check
        self._cancels = any(map(inspect.iscoroutinefunction, (check, type(check).__call__)))
        self._call: Call = check if self._cancels else in_thread(check)  # type: ignore[assignment]  # awaitable in both cases
        self._kept = kept
        self._seconds = seconds
        self._running: asyncio.Task[object] | None = None
        self._fault = Fault(log, "throttle_check_failed")
        self._answer: str | None = None
        self._good_until = 0.0

    async def ask(self) -> str | None:
        """The check's sentence, or None if all is well. Callers that ask at the same time get the
        same answer."""
        if self._kept and time.monotonic() < self._good_until:
            return self._answer
        answer = await self._asked()
        after = self.throttle.backoff if answer else self.throttle.every
        self._answer, self._good_until = answer, time.monotonic() + after.total_seconds()
        return answer

    def close(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def _asked(self) -> str | None:
        if (former := self._running) is not None and former.cancelling():
            await asyncio.wait({former}, timeout=CLEANING)
        task = self._running  # of who asked at once, the first has begun it anew
        if task is None or task.done():
            task = self._running = shared_task(self._called())
        done, _ = await asyncio.wait({task}, timeout=self._seconds)
        if not done and self._cancels:
            # A thread cannot be made to end. It is waited for once more, so that a check that
            # hangs has one thread, and not one more each time.
            task.cancel()
        name = self.throttle.name
        try:
            # Cancelled: by somebody who asked before us, and has waited for so long.
            if not done or task.cancelled():
                raise NoAnswer(f"{name} has not answered within {self._seconds:g} s")
            answer = task.result()
            if not isinstance(answer, str | None):
                raise NoAnswer(f"{name} returned {answer!r}, and neither None nor a sentence")
        except Exception as error:  # noqa: BLE001
            # The one place that records it: who cannot say that all is well says no.
            self._fault.seen(error, check=name, of=self._of)
            return _sentence(error)[:LONGEST_SENTENCE]
        self._fault.over(check=name, of=self._of)
        return (answer or "").strip()[:LONGEST_SENTENCE] or None

    async def _called(self) -> object:
        with told(self._of, f"{self.throttle.name}()"):
            return await self._call(self._context())


def _sentence(error: BaseException) -> str:
    if isinstance(error, SluiceError):
        return error.detail
    return away(error) or said(error)
