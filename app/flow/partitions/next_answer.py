"""Waiting for Redis to be asked once more."""

from __future__ import annotations

import asyncio


class NextAnswer:
    """Each who waits has a future of its own: one that many await ends for all of them when one of
    them is cancelled."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self, seconds: float) -> None:
        """Until what is asked from now on has been answered, or could not be asked; at most so
        long."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        self._waiting.append(answered)
        timer = loop.call_later(seconds, _tell, answered)
        try:
            await answered
        finally:
            timer.cancel()

    def asked(self) -> list[asyncio.Future[None]]:
        """Those whose answer the question that is put now brings; to be ``told`` then."""
        asking, self._waiting = self._waiting, []
        return asking

    @staticmethod
    def told(asking: list[asyncio.Future[None]]) -> None:
        for answered in asking:
            _tell(answered)


def _tell(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
