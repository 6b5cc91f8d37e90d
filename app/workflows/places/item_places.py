"""How many items a worker has in its hands, and how many of them may be at work."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable

from app.config.priorities import BULK_SHARE, LOWEST, ORDINARY
from app.flow.gate import PermitAhead
from app.workflows.places.hands import Hands
from app.workflows.places.item_pace import ItemPace
from app.workflows.places.turns import Turn, Turns

MOST_BEING_WRITTEN = 2
"""Times the concurrency: without a bound, a database that writes more slowly than items end would
let them pile up here."""
SPARE = 40
"""Items that may be in hand besides, without a place yet, so that a worker never waits for the next
message; no more than half of the concurrency, because another worker may have a place for them. Of
quick items, which end before the worker could ask for others, as many as end in a moment."""
MOST_STOCK = 2
"""Times the concurrency: quick items in hand at most, however quick they are."""
PREFETCH = 20
"""The same for a flow key whose limit is lower than that, so that a freed slot never waits for a
message."""


class ItemPlaces:
    """
    Args:
        concurrency: items at work at once, or waiting for their turn at the gate.
        share: of the turns, for lower priorities than the highest one that waits.
        clock: seconds, that only go on.
    """

    def __init__(
        self,
        concurrency: int,
        share: float = BULK_SHARE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.concurrency = concurrency
        self.spare = min(SPARE, concurrency // 2)
        """Items that may be in hand besides those at work, whatever they are."""
        self.freed: Callable[[], None] = lambda: None
        """Called when there may be room for a message."""
        self.hands = Hands()
        """Items in hand whose outcome is not being written."""
        self._turns = Turns(concurrency, share)
        self._by_key: defaultdict[str, Hands] = defaultdict(Hands)
        self._paces: defaultdict[str, ItemPace] = defaultdict(ItemPace)
        self._quick: set[str] = set()
        """The keys of which more may be in hand than ``spare``, when they were looked at last."""
        self._in_hand = 0
        self._clock = clock

    @property
    def at_work(self) -> int:
        """Items in hand whose outcome is not being written."""
        return self.hands.total

    @property
    def free(self) -> int:
        """For so many more items there is a place, whatever their priority."""
        return self.free_for(LOWEST)

    def free_for(self, priority: int) -> int:
        """The same of this priority, and higher ones: the lower ones take none of their places."""
        written = self._in_hand - self.hands.total - MOST_BEING_WRITTEN * self.concurrency
        stocks = [self._stock(flow_key) for flow_key in tuple(self._quick)]
        most = self.concurrency + max([self.spare, *stocks])
        return most - self.hands.above(priority) - max(0, written)

    def room(self, flow_key: str, size: int, priority: int, limit: int | None) -> int:
        """How many more messages of so many items there is room for, of this priority and higher
        ones: so many that there is always an item for a freed place, and no more, for another
        worker may have a place for it.

        Args:
            limit: of the key's items that may be at work at once, over all workers.
        """
        stock, held = self._stock(flow_key), self._by_key[flow_key].above(priority)
        most = self.concurrency + max(self.spare, stock)
        if limit is not None:
            most = min(most, limit + max(PREFETCH, stock))
        free, few = min(most - held, self.free_for(priority)), 2 * held <= most
        # Several at a time are taken for less.
        if limit is None and self.hands.above(priority) > self.concurrency + stock // 2:
            return 0
        if free < stock // 2 and not few:
            return 0
        return max(free // size, int(free > 0 and few))

    def _stock(self, flow_key: str) -> int:
        """So many of the key's items end in a moment: they may be in hand besides those at work."""
        stock = min(self._paces[flow_key].stock(self._clock()), MOST_STOCK * self.concurrency)
        if stock > self.spare:
            self._quick.add(flow_key)
        else:
            self._quick.discard(flow_key)
        return stock

    def of(self, flow_key: str) -> Hands:
        """Items of the key in hand whose outcome is not being written."""
        return self._by_key[flow_key]

    def enter(self, flow_key: str, number: int, priority: int = ORDINARY) -> None:
        """So many items have been taken in hand."""
        self._by_key[flow_key].add(priority, number)
        self.hands.add(priority, number)
        self._in_hand += number

    def turn(self, flow_key: str, priority: int = ORDINARY) -> ItemTurn:
        """Of one item in hand: wait for its turn to be at work."""
        return ItemTurn(self, self._turns, flow_key, priority)

    def turns_now(self, flow_key: str, priority: int, most: int) -> list[ItemTurn]:
        """Of so many items in hand, of those whose turn has come: each is to be entered, or
        dropped."""
        turns = [self.turn(flow_key, priority) for _ in range(self._turns.take_now(most))]
        for turn in turns:
            turn.holds = True
        return turns

    def worked(self, flow_key: str, priority: int) -> None:
        """One of them is at work no more, or never was."""
        self._by_key[flow_key].add(priority, -1)
        self._paces[flow_key].ended += 1
        self.hands.add(priority, -1)
        self.freed()

    def leave_untaken(self, flow_key: str, number: int, priority: int = ORDINARY) -> None:
        """So many were not taken in hand after all."""
        if number:
            self._by_key[flow_key].add(priority, -number)
            self.hands.add(priority, -number)
            self._in_hand -= number
            self.freed()

    def leave(self) -> None:
        """An item's outcome has been written."""
        self._in_hand -= 1
        if self._in_hand - self.hands.total == MOST_BEING_WRITTEN * self.concurrency:
            self.freed()


class ItemTurn(Turn):
    """A class, because a generator for each item costs three times as much.

    ``permit``: of its item, where that was asked for ahead.
    """

    __slots__ = ("_flow_key", "_places", "_turns", "holds", "permit")

    def __init__(self, places: ItemPlaces, turns: Turns, flow_key: str, priority: int) -> None:
        super().__init__(priority)
        self._places = places
        self._turns = turns
        self._flow_key = flow_key
        self.holds = False
        self.permit: PermitAhead | None = None

    async def __aenter__(self) -> None:
        if self.holds:
            return
        try:
            await self._turns.take(self)
        except BaseException:
            self._places.worked(self._flow_key, self.priority)
            raise
        self.holds = True

    async def __aexit__(self, *_: object) -> None:
        self.drop()
        self._places.worked(self._flow_key, self.priority)

    def drop(self) -> None:
        """It is not going to be entered, or is left."""
        self.forgo_permit()
        if self.holds:
            self.holds = False
            self._turns.give_back()

    def forgo_permit(self) -> None:
        """It is not going to be entered."""
        if self.permit is not None:
            self.permit.forgo()
            self.permit = None

    def granted(self) -> PermitAhead | None:
        """What was asked for ahead, where it may be entered at once."""
        return self.take_permit() if self.permit is not None and self.permit.granted else None

    def take_permit(self) -> PermitAhead | None:
        """What was asked for ahead, to be entered by whoever takes it; None: nothing was."""
        permit, self.permit = self.permit, None
        return permit

    def enter_gate(self, wait: asyncio.Timeout) -> None:
        """Its item waits for its flow key; ``wait`` expires when the turn is to be given back."""
        self._turns.enter_gate(self, wait)

    def leave_gate(self) -> None:
        self._turns.leave_gate(self)

    def keep(self) -> None:
        """Its item is about to begin."""
        if self.passed:
            self._turns.keep(self)

    async def again(self) -> None:
        """Let one of a higher priority have it, and wait for another one."""
        self.holds = False
        await self._turns.again(self)
        self.holds = True
