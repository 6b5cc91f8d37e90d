"""Threads for methods that are plain ``def``: how many are free, for whom, and who waits."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from contextvars import ContextVar, Token
from functools import partial
from typing import Any

from app.store.pool import WAITER
from app.workflows.registry.thread_shares import ThreadUse, free_for, room_for

Place = asyncio.Future[None]

_COMING: ContextVar[Expected | None] = ContextVar("sluice_coming", default=None)


class Threads:
    """A number of threads, and the lines of those who wait for one: a line for each flow key.

    A thread is free again when what was called in it has returned, and not when whoever waited for
    it gave up: no thread can be made to end. So each line has a few threads kept for it, which the
    others' calls never get, however long they hold theirs; beyond those, a free thread goes to the
    line that has the fewest.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.wakes: list[Callable[[], None]] = []
        """Called when there is a thread again for a line that was told of none."""
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="family")
        self._lines: dict[str, ThreadLine] = {}
        self.refused = False
        """A line was told that there is no thread for more."""

    def line(self, flow_key: str) -> ThreadLine:
        if flow_key not in self._lines:
            self._lines[flow_key] = ThreadLine(self, flow_key)
        return self._lines[flow_key]

    @property
    def lines(self) -> list[ThreadLine]:
        """Those that somebody has used."""
        return [line for line in self._lines.values() if line.used]

    def close(self) -> None:
        """Without waiting: a thread that a timeout left behind must not hold up the stop."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, call: Callable[[], object]) -> Future[object]:
        return self._pool.submit(call)

    def free_for(self, line: ThreadLine) -> int:
        """How many more threads the line may have now."""
        return free_for(line, self._others(line), self.number)

    def room_for(self, line: ThreadLine) -> int:
        """How many more deliveries would find a thread for the line."""
        room = room_for(line, self._others(line), self.number)
        self.refused = self.refused or room == 0
        return room

    def _others(self, line: ThreadLine) -> list[ThreadLine]:
        return [one for one in self._lines.values() if one.used and one is not line]

    def admit(self) -> None:
        """Give the threads that are free to those who wait."""
        while True:
            waiting = [line for line in self._lines.values() if line.waiting]
            line = min(
                (line for line in waiting if self.free_for(line)),
                key=lambda line: line.busy,
                default=None,
            )
            if line is None:
                break
            line.admit()
        if self.refused:
            self.refused = False
            for wake in self.wakes:
                wake()


class ThreadLine(ThreadUse):
    """One flow key's calls."""

    def __init__(self, threads: Threads, flow_key: str) -> None:
        super().__init__(flow_key)
        self._threads = threads
        self._places: deque[Place] = deque()

    def room(self, *, all_need: bool) -> int | None:
        """How many more deliveries would find a thread; None: as many as may be.

        Args:
            all_need: each of them is going to ask for one.
        """
        if all_need:
            return self._threads.room_for(self)
        if not self.waiting:
            return None
        self._threads.refused = True
        return 0

    def expect(self) -> Expected:
        """Somebody is going to ask for a thread, from now on."""
        return Expected(self)

    async def call(self, function: Callable[..., Any], *args: object) -> Any:  # what it returns
        """Call it in a thread, with the caller's context variables."""
        self.used = True
        coming = _COMING.get()
        if coming is not None and coming.line is self:
            coming.arrived()
        if self.waiting or not self._threads.free_for(self):
            await self._turn()
        else:
            self.busy += 1
        waiter = WAITER.get()
        if waiter is not None:
            waiter.holds()
        task = asyncio.current_task()
        name = task.get_name() if task and coming else self.flow_key
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[object] = loop.create_future()
        work = self._threads.submit(partial(context.run, _named, name, function, args))

        def ended(work: Future[object]) -> None:
            with suppress(RuntimeError):  # the loop is closed: the process is about to end
                loop.call_soon_threadsafe(self._ended, work, answer)

        work.add_done_callback(ended)
        try:
            return await answer
        except asyncio.CancelledError:
            if not work.cancel() and not work.done():
                self.abandoned.add(work)
            raise
        finally:
            if waiter is not None:
                waiter.holds_no_more()

    def admit(self) -> None:
        """Let the first in line have a thread."""
        while self._places:
            place = self._places.popleft()
            if not place.done():
                self.waiting -= 1
                self.busy += 1
                place.set_result(None)
                return

    async def _turn(self) -> None:
        place: Place = asyncio.get_running_loop().create_future()
        self._places.append(place)
        self.waiting += 1
        waiter = WAITER.get()
        with nullcontext() if waiter is None else waiter.waiting():
            try:
                await place
            except asyncio.CancelledError:
                if place.cancelled():
                    self.waiting -= 1
                else:
                    self._free()
                raise

    def _free(self) -> None:
        self.busy -= 1
        self._threads.admit()

    def _ended(self, work: Future[object], answer: asyncio.Future[object]) -> None:
        self.abandoned.discard(work)
        if work.cancelled():
            answer.cancel()
        elif not answer.cancelled():
            error = work.exception()
            if error is None:
                answer.set_result(work.result())
            else:
                answer.set_exception(error)
        self._free()


class Expected:
    """Counts until a thread is asked for. ``with``: what is inside is going to, or ends without."""

    __slots__ = ("_counted", "_token", "line")

    def __init__(self, line: ThreadLine) -> None:
        self.line = line
        self._counted = True
        self._token: Token[Expected | None] | None = None
        line.coming += 1

    def __enter__(self) -> None:
        self._token = _COMING.set(self)

    def __exit__(self, *_: object) -> None:
        self.arrived()
        if self._token is not None:
            _COMING.reset(self._token)

    def arrived(self) -> None:
        if self._counted:
            self._counted = False
            self.line.coming -= 1


def _named(name: str, function: Callable[..., object], args: tuple[object, ...]) -> object:
    """The thread bears the item's name while it is at work, for whoever looks at the process."""
    thread = threading.current_thread()
    former, thread.name = thread.name, name
    try:
        return function(*args)
    finally:
        thread.name = former
