"""One start of a key whose partitions have limits: its place in line, and then its permit."""

from __future__ import annotations

import asyncio
from typing import Protocol


class PartitionLane(Protocol):
    """Where it stands in line: ``PartitionQueue``."""

    def join(self, slot: PartitionSlot, *, first: bool = False) -> None: ...

    def too_late(self, slot: PartitionSlot) -> bool: ...

    def refusal(self, flow_key: str) -> Exception | None: ...

    def give_back(self, permit: int) -> None: ...


class PartitionSlot:
    """Made for every item, and so its own place in line. What waits for it is made when somebody
    does: those that are asked for together have it before they begin.

    ``waits``: it stands in line. ``promised``: a permit whose start is still to come is meant for
    it. ``permit``: its number; None: it has none. ``due``: by the loop's clock when that was; None:
    at once.
    """

    __slots__ = (
        "_error", "_lane", "_since", "_waiter", "due", "flow_key", "partition", "permit",
        "priority", "promised", "waits",
    )  # fmt: skip

    def __init__(
        self, lane: PartitionLane, flow_key: str, partition: str | None, priority: int
    ) -> None:
        self._lane = lane
        self.flow_key = flow_key
        self.partition = partition
        self.priority = priority
        self.waits = self.promised = False
        self.permit: int | None = None
        self.due: float | None = None
        self._since = 0.0
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def __aenter__(self) -> None:
        if self.permit is None or self.due is not None:
            await self._come()

    async def __aexit__(self, *_: object) -> None:
        self.forgo()

    @property
    def granted(self) -> bool:
        """Whether it may be entered at once: one with a start of its own may have come too late."""
        return self.permit is not None and self.due is None

    @property
    def waited(self) -> float:
        """Seconds since it stood in line first."""
        return asyncio.get_running_loop().time() - self._since

    def begin(self, now: float) -> None:
        """It stands in line from now on, by the loop's clock."""
        self.waits, self.promised = True, False
        self._since = self._since or now

    def settle(self, permit: int, due: float | None) -> None:
        """It has its permit."""
        self.permit, self.due, self.waits = permit, due, False
        self._wake()

    def refuse(self, error: Exception) -> None:
        self._error, self.waits = error, False
        self._wake()

    def forgo(self) -> None:
        """It is wanted no more, whatever it has come to."""
        self.waits = False
        if self.permit is not None:
            permit, self.permit = self.permit, None
            self._lane.give_back(permit)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _come(self) -> None:
        if not (self.waits or self.permit is not None or self._error is not None):
            self._lane.join(self)
        while True:
            if self.waits:
                self._waiter = asyncio.get_running_loop().create_future()
                try:
                    await self._waiter
                except asyncio.CancelledError:
                    self.forgo()
                    raise
            if self._error is not None:
                raise self._error
            if not self._lane.too_late(self):
                return
            # The event loop was busy: a start now would come too close to those that follow.
            self.forgo()
            if (refusal := self._lane.refusal(self.flow_key)) is not None:
                raise refusal
            self._lane.join(self, first=True)
