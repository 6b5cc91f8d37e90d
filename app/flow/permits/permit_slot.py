"""One start of a flow key."""

from __future__ import annotations

import asyncio

from app.config.priorities import ORDINARY
from app.flow.permits.permit_queue import PermitQueue


class PermitSlot:
    """A permit for the length of an ``async with``. A class, because a generator costs twice as
    much for each item."""

    __slots__ = ("_flow_key", "_permit", "_priority", "_queue")

    def __init__(self, queue: PermitQueue, flow_key: str = "", priority: int = ORDINARY) -> None:
        self._queue = queue
        self._flow_key = flow_key
        self._priority = priority
        self._permit = ""

    async def __aenter__(self) -> None:
        self._permit = await self._queue.enter(self._flow_key, self._priority)

    async def __aexit__(self, *_: object) -> None:
        if self._permit and self._queue.leave(self._permit):
            # The slot stands empty until the next one begins, so that goes before what the ended
            # one still has to do.
            await asyncio.sleep(0)
