"""Turns of a worker's items: who is at work, who waits elsewhere, and who must make room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from app.config.priorities import ORDINARY
from app.workflows.places.item_places import ItemPlaces, ItemTurn
from tests.support.patience import PATIENCE

KEY = "f.execute"


class Gate:
    """A flow key that lets nobody through until the test does."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()


class Permit:
    """One that was asked for ahead."""

    def __init__(self) -> None:
        self.granted, self.forgone = True, 0

    def forgo(self) -> None:
        self.forgone += 1

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


class Item:
    """Takes its turn, and then waits at a gate, or is at work, until the test lets it end."""

    def __init__(self, places: ItemPlaces, priority: int, gate: Gate | None = None) -> None:
        self.at_gate = self.began = False
        self.again = 0
        self.ends = asyncio.Event()
        self._gate = gate
        places.enter(KEY, 1, priority)
        self.task = asyncio.create_task(self._run(places.turn(KEY, priority)))

    async def _run(self, turn: ItemTurn) -> None:
        async with turn:
            while self._gate is not None and not await self._permitted(turn, self._gate):
                self.again += 1
                await turn.again()
            turn.keep()
            self.began = True
            await self.ends.wait()

    async def _permitted(self, turn: ItemTurn, gate: Gate) -> bool:
        try:
            async with asyncio.timeout(None) as wait:
                turn.enter_gate(wait)
                self.at_gate = True
                try:
                    await gate.opened.wait()
                finally:
                    self.at_gate = False
                    turn.leave_gate()
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def ended(*items: Item) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for item in items:
            item.task.cancel()
        await asyncio.gather(*(item.task for item in items), return_exceptions=True)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_next_turn_is_that_of_the_highest_priority() -> None:
    places = ItemPlaces(1)
    first = Item(places, 5)
    await settled()
    bulk, urgent = Item(places, 5), Item(places, 9)
    async with ended(first, bulk, urgent):
        await settled()
        assert (first.began, bulk.began, urgent.began) == (True, False, False)
        first.ends.set()
        await settled()
        assert (bulk.began, urgent.began) == (False, True)
        urgent.ends.set()
        await settled()
        assert bulk.began


async def test_what_waits_for_its_flow_key_makes_room_for_what_is_more_urgent() -> None:
    places, gate = ItemPlaces(3), Gate()
    bulk = [Item(places, 5, gate) for _ in range(3)]
    await settled()
    urgent = [Item(places, 9) for _ in range(2)]
    async with ended(*bulk, *urgent):
        await settled()
        assert all(item.began for item in urgent)
        assert [item.at_gate for item in bulk] == [True, False, False]  # who came last goes first
        gate.opened.set()
        await settled()
        assert [item.began for item in bulk] == [True, False, False]
        urgent[0].ends.set()
        await settled()
        assert sum(item.began for item in bulk) == 2
        assert max(item.again for item in bulk) == 1


@pytest.mark.parametrize("priority", [4, 5])
async def test_who_is_no_more_urgent_waits_for_a_turn_to_end(priority: int) -> None:
    places, gate = ItemPlaces(1), Gate()
    bulk = Item(places, 5, gate)
    await settled()
    other = Item(places, priority)
    async with ended(bulk, other):
        await settled()
        assert bulk.at_gate
        assert not other.began


async def test_nobody_at_work_makes_room() -> None:
    places = ItemPlaces(2)
    bulk = [Item(places, 0) for _ in range(2)]
    await settled()
    urgent = Item(places, 9)
    async with ended(*bulk, urgent):
        await settled()
        assert all(item.began and not item.again for item in bulk)
        assert not urgent.began


async def test_a_turn_by_the_share_is_kept_at_the_gate() -> None:
    places, gate = ItemPlaces(2, 0.5), Gate()
    held = [Item(places, 9) for _ in range(2)]
    await settled()
    bulk = Item(places, 0, gate)
    urgent = [Item(places, 9) for _ in range(4)]
    async with ended(*held, bulk, *urgent):
        await settled()
        for item in held:
            item.ends.set()
        await settled()
        assert bulk.at_gate  # every second turn is its own
        assert not bulk.again
        assert sum(item.began for item in urgent) == 1
        gate.opened.set()
        await settled()
        assert bulk.began


async def test_of_all_turns_no_more_than_half_are_kept_so() -> None:
    places, gate = ItemPlaces(4, 0.5), Gate()
    held = [Item(places, 9) for _ in range(4)]
    await settled()
    bulk = [Item(places, 0, gate) for _ in range(10)]
    urgent = [Item(places, 9) for _ in range(30)]
    async with ended(*held, *bulk, *urgent):
        for _ in range(10):
            for item in [*held, *urgent]:
                if item.began:
                    item.ends.set()
            await settled()
        assert sum(item.at_gate for item in bulk) == 2


async def test_whoever_is_cancelled_leaves_the_turns_as_they_were() -> None:
    places, gate = ItemPlaces(2), Gate()
    bulk = [Item(places, 5, gate) for _ in range(2)]
    await settled()
    urgent = [Item(places, 9) for _ in range(3)]
    async with ended(*bulk, *urgent):
        await settled()
        for item in [urgent[0], urgent[2], bulk[1]]:
            item.task.cancel()
        await settled()
        assert bulk[0].at_gate
        assert urgent[1].began
    assert places.hands.total == 0
    after = [Item(places, 5) for _ in range(3)]
    async with ended(*after):
        async with asyncio.timeout(PATIENCE):
            while sum(item.began for item in after) < 2:
                await asyncio.sleep(0)
        assert sum(item.began for item in after) == 2


async def test_who_wants_a_turn_back_whose_wait_ends_just_now_has_it_all_the_same() -> None:
    """As when its run is stopped in the same moment: a timeout that expires cannot be moved."""
    places, loop = ItemPlaces(1), asyncio.get_running_loop()
    waits: list[asyncio.Timeout] = []

    async def waits_at_its_gate(turn: ItemTurn) -> None:
        async with turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as wait:
                    turn.enter_gate(wait)
                    waits.append(wait)
                    try:
                        await asyncio.Event().wait()
                    finally:
                        turn.leave_gate()

    places.enter(KEY, 1, 2)
    first = asyncio.create_task(waits_at_its_gate(places.turn(KEY, 2)))
    await settled()
    waits[0].reschedule(loop.time())  # it expires in the loop's next round, and so begins this:
    urgent = Item(places, 9)
    await settled()
    assert (first.done(), urgent.began) == (True, True)
    urgent.ends.set()
    await settled()
    last = Item(places, 5)
    async with ended(urgent, last):
        await settled()
        assert last.began


async def test_turns_are_taken_together_as_far_as_they_are_free() -> None:
    places = ItemPlaces(3)
    places.enter(KEY, 5)
    async with places.turn(KEY):
        turns = places.turns_now(KEY, ORDINARY, 4)
        assert len(turns) == 2
        assert places.turns_now(KEY, ORDINARY, 1) == []
        waits = Item(places, ORDINARY)
        async with ended(waits):
            await settled()
            assert [waits.began] == [False]
            async with turns[0]:
                await settled()
                assert [waits.began] == [False]
            await settled()
            assert [waits.began] == [True]
        assert places.turns_now(KEY, ORDINARY, 1) != []


async def test_a_turn_that_is_dropped_goes_to_who_waits_and_its_permit_back() -> None:
    places = ItemPlaces(1)
    places.enter(KEY, 1)
    [turn] = places.turns_now(KEY, ORDINARY, 1)
    turn.permit = permit = Permit()
    waits = Item(places, ORDINARY)
    async with ended(waits):
        await settled()
        assert [waits.began] == [False]
        turn.drop()
        turn.drop()
        await settled()
        assert [waits.began] == [True]
    assert permit.forgone == 1


async def test_a_permit_that_was_asked_for_ahead_is_taken_once_and_else_given_back() -> None:
    places = ItemPlaces(2)
    places.enter(KEY, 2)
    taken, left = places.turns_now(KEY, ORDINARY, 2)
    taken.permit, left.permit = used, unused = Permit(), Permit()
    async with taken, left:
        assert taken.granted() is used
        assert taken.granted() is None
        unused.granted = False
        assert left.granted() is None
    assert (used.forgone, unused.forgone) == (0, 1)
