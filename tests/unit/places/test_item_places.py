"""How much a worker takes in hand: by what is at work, and by how quickly it ends."""

from __future__ import annotations

import pytest

from app.config.priorities import LOWEST, ORDINARY
from app.workflows.places.item_places import ItemPlaces

KEY, OTHER = "quick.execute", "slow.execute"
SIZE = 20


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def room(places: ItemPlaces, key: str = KEY, limit: int | None = None) -> int:
    return places.room(key, SIZE, LOWEST, limit)


async def ended(places: ItemPlaces, number: int, key: str = KEY) -> None:
    for _ in range(number):
        async with places.turn(key):
            pass
        places.leave()


async def quick(places: ItemPlaces, clock: Clock, number: int, key: str = KEY) -> None:
    """So many of the key's items have come and ended within the last tenth of a second."""
    room(places, key)
    places.enter(key, number)
    await ended(places, number, key)
    clock.now += 0.1


@pytest.mark.parametrize(("concurrency", "messages"), [(100, 7), (20, 1), (1, 1)])
def test_a_little_more_is_taken_than_may_be_at_work(concurrency: int, messages: int) -> None:
    places = ItemPlaces(concurrency, clock=Clock())
    assert room(places) == messages


@pytest.mark.parametrize(
    ("number", "messages"), [(10, 7), (80, 9), (150, 12), (200, 15), (900, 15)]
)
async def test_of_quick_items_so_many_more_as_end_in_a_tenth_of_a_second(
    number: int, messages: int
) -> None:
    clock = Clock()
    places = ItemPlaces(100, clock=clock)
    await quick(places, clock, number)
    assert room(places) == messages  # of 100 + 40, 100 + number, and at most 300


async def test_quick_items_are_taken_several_messages_at_a_time() -> None:
    clock = Clock()
    places = ItemPlaces(100, clock=clock)
    await quick(places, clock, 200)
    assert room(places) * SIZE == 300
    places.enter(KEY, 300)
    found = [0]
    while found[-1] == 0:
        await ended(places, 1)
        found.append(room(places))
    assert found[-1] == 5
    assert places.at_work == 200  # all places are in use all the time


async def test_the_same_where_a_limit_lets_fewer_be_at_work() -> None:
    clock = Clock()
    places = ItemPlaces(100, clock=clock)
    assert room(places, limit=10) == 1  # of 10 + 20
    await quick(places, clock, 100)
    assert room(places, limit=10) == 5  # of 10 + 100
    places.enter(KEY, 110)
    found = [0]
    while found[-1] == 0:
        await ended(places, 1)
        found.append(room(places, limit=10))
    assert found[-1] == 2
    assert places.at_work == 60


@pytest.mark.parametrize("limit", [None, 10])
async def test_items_that_are_quick_no_more_are_left_to_others(limit: int | None) -> None:
    clock = Clock()
    places = ItemPlaces(100, clock=clock)
    await quick(places, clock, 200)
    fresh = ItemPlaces(100, clock=clock)
    assert room(places, limit=limit) > room(fresh, limit=limit)
    clock.now += 0.1
    assert room(places, limit=limit) == room(fresh, limit=limit)


async def test_what_is_quick_makes_nothing_else_so() -> None:
    clock = Clock()
    places = ItemPlaces(100, clock=clock)
    await quick(places, clock, 200)
    assert room(places) * SIZE == 300
    assert room(places, OTHER) * SIZE == 140


async def test_what_was_quick_makes_no_room_once_nothing_of_it_comes() -> None:
    clock = Clock()
    places = ItemPlaces(100, clock=clock)
    await quick(places, clock, 200)
    assert room(places)
    assert places.free == 300
    clock.now += 0.1  # and nobody asks for its messages any more
    assert places.free == 140


async def test_what_fills_a_worker_leaves_quick_items_their_place() -> None:
    clock = Clock()
    places = ItemPlaces(100, clock=clock)
    await quick(places, clock, 200)
    assert room(places)
    places.enter(OTHER, 140)
    assert room(places, OTHER) == 0
    assert room(places, limit=1_000) * SIZE == 160


async def test_no_more_is_taken_than_can_be_written() -> None:
    clock = Clock()
    places = ItemPlaces(10, clock=clock)
    places.enter(KEY, 20, ORDINARY)
    for _ in range(20):
        async with places.turn(KEY):
            pass
    clock.now += 1
    assert places.free == 15  # twice ten are being written
    places.enter(KEY, 15, ORDINARY)
    for _ in range(15):
        async with places.turn(KEY):
            pass
    clock.now += 1
    assert room(places) == 0
    for _ in range(20):
        places.leave()
    assert room(places) == 1
