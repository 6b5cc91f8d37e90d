"""Turns of a worker's items to be at work: who waits for one, and who may be asked for it back."""

from __future__ import annotations

import asyncio

from app.config.priorities import BULK_SHARE, LEVELS
from app.flow.permits.priority_line import PriorityLine

Place = asyncio.Future[bool]
"""Becomes whether the turn comes by the share of the lower priorities."""


class Turn:
    """One item's. ``by_share``: it comes by the share of the lower priorities. ``passed``: one of a
    higher priority wants it, while its holder waits for its flow key: it is to be given back."""

    __slots__ = ("by_share", "passed", "priority")

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.by_share = self.passed = False


class Turns:
    """So many items are at work at once, or wait for their flow key. The latter make room for those
    of a higher priority: what waits elsewhere stands in nobody's way here.

    Args:
        share: of the turns, for lower priorities than the highest one that waits.
    """

    def __init__(self, number: int, share: float = BULK_SHARE) -> None:
        self._free = number
        self._line: PriorityLine[Place] = PriorityLine(_gave_up, share)
        self._at_gate: list[dict[Turn, asyncio.Timeout]] = [{} for _ in range(LEVELS)]
        # Those whose turn came by the share keep it at the gate, or they would never get through;
        # but no more than half of all turns are held so.
        self._kept, self._most_kept = 0, max(1, number // 2)

    async def take(self, turn: Turn, *, first: bool = False) -> None:
        """Wait for it.

        Args:
            first: before the others of its priority.
        """
        if self._free > 0 and not self._line:
            self._free -= 1
            return
        place: Place = asyncio.get_running_loop().create_future()
        self._line.join(place, turn.priority, first=first)
        if self._free > 0:  # whoever stood in line has given up
            self._hand_out()
        if not place.done():
            self._pass(turn.priority)
        try:
            turn.by_share = await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.give_back()
            raise

    def take_now(self, most: int) -> int:
        """Take so many as are free and nobody waits for. Returns how many."""
        taken = 0 if self._line else min(most, self._free)
        self._free -= taken
        return taken

    def give_back(self) -> None:
        self._free += 1
        if self._line:
            self._hand_out()

    def enter_gate(self, turn: Turn, wait: asyncio.Timeout) -> None:
        """It waits for its flow key from now on; ``wait`` expires if it is to be given back."""
        if turn.by_share:
            self._kept += 1
            return
        self._at_gate[turn.priority][turn] = wait
        if self._line:
            self._pass(self._line.top)

    def leave_gate(self, turn: Turn) -> None:
        """It waits no more."""
        if turn.by_share:
            self._kept -= 1
        else:
            self._at_gate[turn.priority].pop(turn, None)

    def keep(self, turn: Turn) -> None:
        """It was to be given back, and its item has begun first."""
        turn.passed = False
        if self._line:
            self._pass(self._line.top)

    async def again(self, turn: Turn) -> None:
        """Give it back, and wait for another one."""
        turn.passed = False
        self.give_back()
        await self.take(turn, first=True)

    def _hand_out(self) -> None:
        while self._free > 0:
            place = self._line.next(sharing=self._kept < self._most_kept)
            if place is None:
                return
            self._free -= 1
            place.set_result(self._line.by_share)

    def _pass(self, priority: int | None) -> None:
        """Ask for a turn back, for one of this priority: of the lowest, who came last."""
        for level in range(priority or 0):
            at_gate = self._at_gate[level]
            if at_gate:
                turn, wait = at_gate.popitem()
                if wait.expired():
                    return  # its run was stopped just now: the turn comes back without being asked
                turn.passed = True
                wait.reschedule(asyncio.get_running_loop().time())
                return


def _gave_up(place: Place) -> bool:
    return place.done()
