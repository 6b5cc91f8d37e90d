"""The gate: every start of work passes here. This one counts within its own worker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from app.flow.control import OPEN, FlowControl


class GateClosed(Exception):
    """The worker stops: what waited here has not begun, and goes back to the queue."""


class Gate(Protocol):
    def permit(self, flow_key: str) -> AbstractAsyncContextManager[None]:
        """Wait for the key's turn, and hold its slot for the length of the ``async with``.

        Raises:
            GateClosed: the gate was closed before the turn came.
        """

    def close(self) -> None:
        """Let nobody else in; those inside stay."""


class LocalGate:
    """Exact for one worker; over several, each one counts for itself."""

    def __init__(self, controls: Mapping[str, FlowControl]) -> None:
        self._controls = controls
        self._lanes: dict[str, _Lane] = {}
        self._closed = asyncio.Event()

    @asynccontextmanager
    async def permit(self, flow_key: str) -> AsyncIterator[None]:
        control = self._controls.get(flow_key, OPEN)
        if self._closed.is_set():
            raise GateClosed(flow_key)
        if control == OPEN:
            yield
            return
        lane = self._lanes.get(flow_key) or self._lanes.setdefault(flow_key, _Lane(control))
        await self._enter(lane)
        try:
            yield
        finally:
            lane.leave()

    def close(self) -> None:
        self._closed.set()

    async def _enter(self, lane: _Lane) -> None:
        entering = asyncio.create_task(lane.enter())
        closing = asyncio.create_task(self._closed.wait())
        try:
            await asyncio.wait({entering, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not entering.done():
                raise GateClosed
            await entering
        except BaseException:
            if entering.done() and not entering.cancelled() and entering.exception() is None:
                lane.leave()
            raise
        finally:
            closing.cancel()
            entering.cancel()


class _Lane:
    """One flow key's slots and its latest starts."""

    def __init__(self, control: FlowControl) -> None:
        self._slots = asyncio.Semaphore(control.parallelism) if control.parallelism else None
        self._window = control.window
        self._starts: deque[float] = deque(maxlen=control.window[0] if control.window else 0)
        self._turn = asyncio.Lock()

    async def enter(self) -> None:
        if self._slots is not None:
            await self._slots.acquire()
        try:
            await self._await_rate()
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        if self._slots is not None:
            self._slots.release()

    async def _await_rate(self) -> None:
        if self._window is None:
            return
        starts, seconds = self._window
        clock = asyncio.get_running_loop().time
        async with self._turn:
            if len(self._starts) == starts:
                await asyncio.sleep(max(0.0, self._starts[0] + seconds - clock()))
            self._starts.append(clock())
