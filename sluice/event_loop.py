"""An event loop in a thread of its own, for code that is not ``async``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class EventLoopThread:
    """It works where another loop runs already, as in a notebook, and for several threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="sluice-client", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What it returns. Whoever is interrupted meanwhile ends it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def each(self, found: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """What it yields, one by one."""
        try:
            while True:
                try:
                    yield self.call(_next(found))
                except StopAsyncIteration:
                    return
        finally:
            if not self._loop.is_closed():
                self.call(found.aclose())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(found: AsyncGenerator[T, None]) -> T:
    return await anext(found)
