"""A run of another process, for code that is not ``async``."""

from __future__ import annotations

from collections.abc import Generator
from typing import Generic, TypeVar

from sluice.async_run import AsyncRun
from sluice.event_loop import EventLoopThread
from sluice.models import Chunk, Event, Item, RunState

ResultT = TypeVar("ResultT")


class Run(Generic[ResultT]):
    """A run. See ``AsyncRun``."""

    def __init__(self, loop: EventLoopThread, run: AsyncRun[ResultT]) -> None:
        self.id = run.id
        self._loop = loop
        self._run = run

    def status(self) -> RunState:
        return self._loop.call(self._run.status())

    def counted(self, *, within: float) -> RunState:
        return self._loop.call(self._run.counted(within=within))

    def wait(self, *, timeout: float | None = None) -> RunState:
        return self._loop.call(self._run.wait(timeout=timeout))

    def result(self, *, timeout: float | None = None) -> RunState:
        return self._loop.call(self._run.result(timeout=timeout))

    def items(self, *, status: str | None = None) -> Generator[Item[ResultT], None, None]:
        return self._loop.each(self._run.items(status=status))

    def stream(self, item_id: str | None = None) -> Generator[Chunk, None, None]:
        return self._loop.each(self._run.stream(item_id))

    def events(self) -> Generator[Event, None, None]:
        return self._loop.each(self._run.events())
