"""What ``app.engine`` promises, of every engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Depth, Engine
from app.engine.postgres.engine import PostgresEngine
from app.store.database import reading
from tests.engine.called_engine import called_engine
from tests.engine.engines import Holder, Taker, message, publish, until_empty, working
from tests.engine.memory_engine import MemoryEngine
from tests.support.patience import PATIENCE, until

LONG_DUE = timedelta(seconds=60)


@pytest.fixture(params=["postgres", "memory", "qstash"])
async def engine(
    request: pytest.FixtureRequest, database: AsyncEngine, database_url: str
) -> AsyncIterator[Engine]:
    if request.param == "memory":
        yield MemoryEngine()
    elif request.param == "qstash":
        async with called_engine(database) as called:
            yield called.engine
    else:
        yield PostgresEngine(database, database_url, stop_timeout=timedelta(seconds=1))


@pytest.fixture(params=["postgres", "memory"])
def ordering(request: pytest.FixtureRequest, database: AsyncEngine, database_url: str) -> Engine:
    """Of those that decide themselves what is delivered next: QStash's lists keep no order."""
    if request.param == "memory":
        return MemoryEngine()
    return PostgresEngine(database, database_url, stop_timeout=timedelta(seconds=1))


async def test_messages_of_a_transaction_that_rolls_back_are_never_delivered(
    engine: Engine, database: AsyncEngine
) -> None:
    async with database.connect() as tx:
        await engine.publish(tx, [message(1)])  # the transaction's very first statement
        await tx.rollback()
    assert await engine.depth() == {}


async def test_a_message_is_delivered_and_its_delivery_is_over(
    engine: Engine, database: AsyncEngine
) -> None:
    taker = Taker()
    async with working(engine, {"a.execute": taker}):
        await publish(engine, database, message(1))
        await until(lambda: bool(taker.taken))
        await until_empty(engine)
    [delivery] = taker.taken
    assert (delivery.payload, delivery.attempt) == (b"1", 1)


async def test_a_message_that_waits_is_not_doubled(engine: Engine, database: AsyncEngine) -> None:
    assert await publish(engine, database, message(1), message(1), message(2)) == 2
    assert await publish(engine, database, message(1)) == 0
    assert (await engine.depth())["a.execute"] == Depth(due=2)


async def test_a_message_that_waits_comes_as_soon_as_its_latest_publication_says(
    engine: Engine, database: AsyncEngine
) -> None:
    taker = Taker()
    await publish(engine, database, message(1, delay=timedelta(days=9)))
    await publish(engine, database, message(1, delay=timedelta(days=19)))
    async with working(engine, {"a.execute": taker}):
        await publish(engine, database, message(1))
        await until(lambda: len(taker.taken) == 1)
        await until_empty(engine)


async def test_what_is_withdrawn_does_not_come_unless_it_is_in_hand(
    engine: Engine, database: AsyncEngine
) -> None:
    holder = Holder()
    later = timedelta(days=9)
    await publish(engine, database, message(1))
    await publish(engine, database, message(2, delay=later), message(3, delay=later))
    async with working(engine, {"a.execute": holder}):
        await until(lambda: len(holder.taken) == 1)
        async with database.begin() as tx:
            await engine.withdraw(tx, [message(1).id, message(2).id, "unknown"])
        assert (await engine.depth())["a.execute"] == Depth(deferred=1, in_hand=1)
        holder.let_go.set()
        async with database.begin() as tx:
            await engine.withdraw(tx, [message(3).id])
        await until_empty(engine)
    assert len(holder.taken) == 1


async def test_what_is_published_while_it_is_in_hand_is_delivered_once_more(
    engine: Engine, database: AsyncEngine
) -> None:
    holder = Holder()
    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": holder}):
        await until(lambda: len(holder.taken) == 1)
        await publish(engine, database, message(1))
        await publish(engine, database, message(1))
        holder.let_go.set()
        await until(lambda: len(holder.taken) == 2)
        await until_empty(engine)
    assert [delivery.attempt for delivery in holder.taken] == [1, 1]


async def test_a_handler_may_say_again_after(engine: Engine, database: AsyncEngine) -> None:
    clock = asyncio.get_running_loop().time
    times: list[tuple[int, float]] = []

    async def put_off_once(delivery: Delivery) -> timedelta | None:
        times.append((delivery.attempt, clock()))
        return timedelta(milliseconds=300) if delivery.attempt == 1 else None

    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": put_off_once}):
        await until(lambda: len(times) == 2)
        await until_empty(engine)
    assert [attempt for attempt, _ in times] == [1, 2]
    assert times[1][1] - times[0][1] >= 0.29


async def test_what_a_handler_breaks_down_over_is_delivered_again(
    engine: Engine, database: AsyncEngine
) -> None:
    taken: list[Delivery] = []

    async def break_once(delivery: Delivery) -> None:
        taken.append(delivery)
        if len(taken) == 1:
            raise RuntimeError("a bug of ours")

    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": break_once}):
        await until(lambda: len(taken) == 2)
        await until_empty(engine)
    assert len({delivery.token for delivery in taken}) == 2


async def test_a_delivery_lives_as_long_as_its_message_is_in_its_hands(
    engine: Engine, database: AsyncEngine
) -> None:
    holder = Holder()
    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": holder}):
        await until(lambda: len(holder.taken) == 1)
        [delivery] = holder.taken
        seq, number = delivery.token
        asked = {delivery.token, (seq, number + 1), (seq + 1_000, 1)}
        async with database.connect() as tx:
            assert await engine.living(tx, asked) == {delivery.token}
        holder.let_go.set()
        await until_empty(engine)
        async with database.connect() as tx:
            assert await engine.living(tx, asked) == set()


async def test_a_delayed_message_waits_until_it_is_due(
    engine: Engine, database: AsyncEngine
) -> None:
    clock = asyncio.get_running_loop().time
    came: list[float] = []

    async def note(delivery: Delivery) -> None:
        came.append(clock())

    async with working(engine, {"a.execute": note}):
        published = clock()
        await publish(engine, database, message(1, delay=timedelta(seconds=0.5)))
        await until(lambda: bool(came))
    assert came[0] - published >= 0.49


async def test_a_delivery_says_its_message_s_priority_which_is_that_of_the_latest_publication(
    engine: Engine, database: AsyncEngine
) -> None:
    taker = Taker()
    soon = timedelta(seconds=0.3)
    await publish(engine, database, message(1, priority=7), message(2, priority=2, delay=soon))
    await publish(engine, database, message(2, priority=0, rank=2, delay=LONG_DUE))
    async with working(engine, {"a.execute": taker}):
        await until(lambda: len(taker.taken) == 2)
    found = {delivery.payload: delivery.priority for delivery in taker.taken}
    assert found == {b"1": 7, b"2": 0}  # and it comes no later than it would have


async def test_urgent_messages_go_first(ordering: Engine, database: AsyncEngine) -> None:
    taker = Taker()
    await publish(ordering, database, *(message(n) for n in range(30)))
    await publish(ordering, database, message(99, "b.paginate", priority=9))
    async with working(ordering, {"a.execute": taker, "b.paginate": taker}, most=1):
        await until(lambda: len(taker.taken) == 31)
    assert b"99" in [delivery.payload for delivery in taker.taken[:2]]


async def test_messages_of_one_key_are_delivered_in_the_order_in_which_they_are_due(
    ordering: Engine, database: AsyncEngine
) -> None:
    taker = Taker()
    delays = [timedelta(seconds=seconds) for seconds in (0.3, 0.1, 0.2)]
    late = [message(number, delay=delay) for number, delay in enumerate(delays)]
    await publish(ordering, database, *late)
    async with asyncio.timeout(PATIENCE):
        while (await ordering.depth())["a.execute"].due < 3:
            await asyncio.sleep(0.01)
    async with working(ordering, {"a.execute": taker}, most=1):
        await until(lambda: len(taker.taken) == 3)
    assert [delivery.payload for delivery in taker.taken] == [b"1", b"2", b"0"]


async def test_a_key_holds_no_more_than_its_room_and_starves_no_other_key(
    engine: Engine, database: AsyncEngine
) -> None:
    held, other = Holder(), Taker()
    await publish(engine, database, *(message(n) for n in range(100)))
    handlers = {"a.execute": held, "b.execute": other}
    async with working(engine, handlers, rooms={"a.execute": 3}, most=10):
        await until(lambda: len(held.taken) == 3)
        await publish(engine, database, *(message(n, "b.execute") for n in range(200, 240)))
        await until(lambda: len(other.taken) == 40)
        assert len(held.taken) == 3


async def test_a_lane_holds_no_more_than_its_places(engine: Engine, database: AsyncEngine) -> None:
    held = Holder()
    await publish(engine, database, *(message(n, f"{n % 3}.execute") for n in range(60)))
    async with working(engine, {f"{n}.execute": held for n in range(3)}, most=7):
        await until(lambda: len(held.taken) == 7)
        depths = await engine.depth()
        assert sum(depth.in_hand for depth in depths.values()) == 7
        assert sum(depth.due for depth in depths.values()) == 53


async def test_messages_of_a_key_that_nobody_here_handles_are_left_alone(
    engine: Engine, database: AsyncEngine
) -> None:
    taker = Taker()
    await publish(engine, database, message(1, "other.execute"), message(2))
    async with working(engine, {"a.execute": taker}):
        await until(lambda: bool(taker.taken))
    assert (await engine.depth())["other.execute"] == Depth(due=1)


async def test_a_stop_gives_back_what_does_not_end(engine: Engine, database: AsyncEngine) -> None:
    held = Holder()
    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": held}):
        await until(lambda: bool(held.taken))
    assert (await engine.depth())["a.execute"] == Depth(due=1)


async def test_a_renamed_key_takes_its_messages_along(
    engine: Engine, database: AsyncEngine
) -> None:
    taker = Taker()
    await publish(engine, database, message(1))
    async with database.begin() as tx:
        await engine.rename(tx, "a.execute", "b.execute")
    async with working(engine, {"b.execute": taker}):
        await until(lambda: bool(taker.taken))


async def test_a_depth_counts_the_items_of_messages_whose_ids_begin_so(
    engine: Engine, database: AsyncEngine
) -> None:
    later = timedelta(days=1)
    await publish(engine, database, message(1, size=20), message(11, size=5, delay=later))
    await publish(engine, database, message(2), message(12, "b.execute"))
    async with database.connect() as tx:
        found = await engine.depth_of(
            tx, [("a.execute", "m1"), ("b.execute", "m"), ("a.execute", "x")]
        )
    assert list(found) == [Depth(due=20, deferred=5), Depth(due=1), Depth()]


async def test_a_backlog_tells_what_waits_in_what_state_and_since_when(
    engine: Engine, database: AsyncEngine
) -> None:
    held = Holder()
    async with working(engine, {"held.execute": held}):
        await publish(engine, database, message(1, "held.execute", size=3))
        await until(lambda: bool(held.taken))
        later = message(3, size=7, delay=timedelta(hours=1))
        await publish(engine, database, message(2, size=5, delay=-LONG_DUE), later)
        async with reading(database) as tx:
            found = await engine.backlog(tx, ["a.execute", "held.execute", "none.execute"], most=10)
    assert {key: one.depth for key, one in found.items()} == {
        "a.execute": Depth(due=5, deferred=7),
        "held.execute": Depth(in_hand=3),
        "none.execute": Depth(),
    }
    assert found["a.execute"].oldest >= LONG_DUE.total_seconds()
    assert found["held.execute"].oldest == found["none.execute"].oldest == 0


async def test_a_delivery_says_since_when_its_message_was_due(
    engine: Engine, database: AsyncEngine
) -> None:
    taker = Taker()
    await publish(engine, database, message(1, delay=-LONG_DUE))
    began = time.perf_counter()
    async with working(engine, {"a.execute": taker}):
        await until(lambda: bool(taker.taken))
    [delivery] = taker.taken
    # Two clocks: the database's, and ours.
    due = began - LONG_DUE.total_seconds() + 1
    assert delivery.due is None or delivery.due <= due
    assert delivery.due is not None or isinstance(engine, MemoryEngine)
