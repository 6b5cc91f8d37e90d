"""What ``app.engine`` promises, of the engine that we use."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, OutgoingMessage
from app.engine.postgres import statements
from app.engine.postgres.engine import PgQueuerEngine
from app.store.database import open_database

Take = Callable[[Delivery], Awaitable[None]]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    database = open_database(database_url, pool_size=5)
    yield database
    await database.dispose()


@pytest.fixture
def engine(database: AsyncEngine, database_url: str) -> PgQueuerEngine:
    return made(database, database_url)


def made(database: AsyncEngine, dsn: str, heartbeat: float = 1) -> PgQueuerEngine:
    return PgQueuerEngine(
        database, dsn, heartbeat=timedelta(seconds=heartbeat), stop_timeout=timedelta(seconds=1)
    )


def message(number: int, key: str = "a.execute", **more: object) -> OutgoingMessage:
    return OutgoingMessage(id=f"m{number}", flow_key=key, payload=b"%d" % number, **more)  # type: ignore[arg-type]  # forwarded


async def publish(
    engine: PgQueuerEngine, database: AsyncEngine, *messages: OutgoingMessage
) -> None:
    async with database.begin() as tx:
        await engine.publish(tx, messages)


@asynccontextmanager
async def working(
    engine: PgQueuerEngine,
    handlers: Mapping[str, Take],
    *,
    room: Mapping[str, int] | None = None,
    concurrency: int = 50,
) -> AsyncIterator[None]:
    worker = engine.worker(
        handlers, room=lambda key, _held: (room or {}).get(key), concurrency=concurrency
    )
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await running


async def until(condition: Callable[[], bool], within: float = 10) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)


class Taker:
    """Completes what it is handed, and remembers it."""

    def __init__(self, engine: PgQueuerEngine, database: AsyncEngine) -> None:
        self.engine = engine
        self.database = database
        self.taken: list[Delivery] = []

    async def __call__(self, delivery: Delivery) -> None:
        self.taken.append(delivery)
        async with self.database.begin() as tx:
            await self.engine.complete(tx, [delivery])


async def test_messages_of_a_transaction_that_rolls_back_are_never_delivered(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    async with database.connect() as tx:
        await engine.publish(tx, [message(1)])  # the transaction's very first statement
        await tx.rollback()
    assert await engine.depth() == {}


async def test_a_message_that_waits_already_is_not_published_twice(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    await publish(engine, database, message(1), message(1), message(2))
    await publish(engine, database, message(1))
    assert (await engine.depth())["a.execute"].waiting == 2


async def test_a_message_is_delivered_soon_after_it_is_published(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taker = Taker(engine, database)
    async with working(engine, {"a.execute": taker}):
        await asyncio.sleep(0.3)  # idle, so that only a notification can wake it this soon
        await publish(engine, database, message(1))
        await until(lambda: bool(taker.taken), within=0.5)
    assert [(d.payload, d.attempt) for d in taker.taken] == [(b"1", 1)]
    assert await engine.depth() == {}


async def test_urgent_messages_go_first(engine: PgQueuerEngine, database: AsyncEngine) -> None:
    taker = Taker(engine, database)
    await publish(engine, database, *(message(n) for n in range(30)))
    await publish(engine, database, message(99, "b.paginate", priority=5))
    async with working(engine, {"a.execute": taker, "b.paginate": taker}, concurrency=20):
        await until(lambda: len(taker.taken) == 31)
    assert b"99" in [d.payload for d in taker.taken[:20]]


async def test_messages_of_one_key_are_delivered_in_the_order_in_which_they_are_due(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taker = Taker(engine, database)
    delays = [timedelta(seconds=seconds) for seconds in (0.3, 0.1, 0.2)]
    late = (message(number, delay=delay) for number, delay in enumerate(delays))
    await publish(engine, database, *late)
    await asyncio.sleep(0.4)
    async with working(engine, {"a.execute": taker}, concurrency=1):
        await until(lambda: len(taker.taken) == 3)
    assert [d.payload for d in taker.taken] == [b"1", b"2", b"0"]


async def test_messages_that_are_due_much_later_cost_a_claim_nothing(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    async with database.begin() as tx:
        await tx.execute(
            text(
                "INSERT INTO sluice.pgqueuer (priority, entrypoint, payload, execute_after,"
                " dedupe_key,"
                " status) SELECT 0, 'a.execute', '', now() + interval '9 days', 'late' || n,"
                " 'queued' FROM generate_series(1, 20000) AS n"
            )
        )
    await publish(engine, database, message(1))
    async with database.connect() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        claim = statements.CLAIM.replace("$1", "'{a.execute}'").replace("$2", "10")
        plan = await connection.scalars(
            text(f"EXPLAIN (ANALYZE, BUFFERS) {claim.replace('$3', 'gen_random_uuid()')}")
        )
        lines = "\n".join(plan)
    assert "Rows Removed by Filter" not in lines
    assert int(re.findall(r"shared hit=(\d+)", lines)[0]) < 100, lines


async def test_a_redelivered_message_comes_again_after_its_delay_as_another_attempt(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    clock = asyncio.get_running_loop().time
    times: list[tuple[int, float]] = []

    async def put_off_once(delivery: Delivery) -> None:
        times.append((delivery.attempt, clock()))
        async with database.begin() as tx:
            if delivery.attempt == 1:
                await engine.redeliver(tx, [(delivery, timedelta(milliseconds=300))])
            else:
                await engine.complete(tx, [delivery])

    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": put_off_once}):
        await until(lambda: len(times) == 2)
    assert [attempt for attempt, _ in times] == [1, 2]
    assert 0.3 <= times[1][1] - times[0][1] < 1.0


async def test_what_a_busy_worker_gives_back_comes_to_an_idle_one_when_it_is_due(
    database: AsyncEngine, database_url: str
) -> None:
    clock = asyncio.get_running_loop().time
    own, other = (made(database, database_url, heartbeat=60) for _ in range(2))
    due: list[float] = []
    came: list[float] = []
    held: list[Delivery] = []
    looked, over = asyncio.Event(), asyncio.Event()

    async def give_back(delivery: Delivery) -> None:
        held.append(delivery)
        await looked.wait()
        async with database.begin() as tx:
            await own.redeliver(tx, [(delivery, timedelta(milliseconds=300))])
        due.append(clock() + 0.3)
        await over.wait()

    async def note(delivery: Delivery) -> None:
        came.append(clock())
        async with database.begin() as tx:
            await other.complete(tx, [delivery])

    await publish(own, database, message(1))
    # The one that gives it back has no place until the end.
    async with working(own, {"a.execute": give_back}, concurrency=1):
        await until(lambda: bool(held))
        async with working(other, {"a.execute": note}):
            await asyncio.sleep(0.3)  # the other one has looked, and is told that nothing is due
            looked.set()
            await until(lambda: bool(came))
        over.set()
    assert came[0] - due[0] < 0.25


async def test_what_is_given_back_comes_to_the_worker_that_was_idle_before_the_commit(
    database: AsyncEngine, database_url: str
) -> None:
    clock = asyncio.get_running_loop().time
    engine = made(database, database_url, heartbeat=60)
    times: list[float] = []

    async def put_off_once(delivery: Delivery) -> None:
        times.append(clock())
        async with database.begin() as tx:
            if delivery.attempt > 1:
                await engine.complete(tx, [delivery])
                return
            delivery.worked()  # its worker looks for more, and is told that nothing will be due
            await engine.redeliver(tx, [(delivery, timedelta(milliseconds=500))])
            await asyncio.sleep(0.2)  # a commit may take its time

    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": put_off_once}):
        await until(lambda: len(times) == 2)
    assert times[1] - times[0] < 0.75


async def test_a_delayed_message_waits_until_it_is_due(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taker = Taker(engine, database)
    async with working(engine, {"a.execute": taker}):
        await publish(engine, database, message(1, delay=timedelta(seconds=1)))
        await asyncio.sleep(0.3)
        assert not taker.taken
        await until(lambda: bool(taker.taken), within=1.5)


async def test_a_message_that_waits_for_its_time_can_be_hastened(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taker = Taker(engine, database)
    await publish(engine, database, message(1, delay=timedelta(days=9)))
    async with working(engine, {"a.execute": taker}):
        async with database.begin() as tx:
            assert await engine.hasten(tx, [message(1), message(2)]) == 2
        await until(lambda: len(taker.taken) == 2, within=1)


async def test_hastening_what_is_in_hand_or_comes_sooner_does_nothing(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taken: list[Delivery] = []

    async def hold(delivery: Delivery) -> None:
        taken.append(delivery)
        await asyncio.sleep(60)

    await publish(engine, database, message(1), message(2, "b.execute"))
    async with working(engine, {"a.execute": hold}):
        await until(lambda: bool(taken))
        async with database.begin() as tx:
            late = message(2, "b.execute", delay=timedelta(days=1))
            assert await engine.hasten(tx, [message(1), late]) == 0
        async with database.begin() as tx:
            assert await engine.ours(tx, taken) == {taken[0].token}


async def test_a_handler_that_ends_without_a_word_gets_the_message_again(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taken: list[Delivery] = []

    async def forget_once(delivery: Delivery) -> None:
        taken.append(delivery)
        if len(taken) == 1:
            raise RuntimeError("a bug of ours")
        async with database.begin() as tx:
            await engine.complete(tx, [delivery])

    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": forget_once}):
        await until(lambda: len(taken) == 2)
    assert await engine.depth() == {}


async def test_who_took_a_message_over_holds_it_and_the_former_holder_is_refused(
    database: AsyncEngine, database_url: str
) -> None:
    first, second = made(database, database_url), made(database, database_url)
    stalled, successor = Taker(first, database), Taker(second, database)

    async def stall(delivery: Delivery) -> None:
        stalled.taken.append(delivery)
        await asyncio.sleep(60)

    await publish(first, database, message(1))
    async with working(first, {"a.execute": stall}):
        await until(lambda: bool(stalled.taken))
        async with database.begin() as tx:  # as if its heartbeats had stopped
            await tx.execute(
                text("UPDATE sluice.pgqueuer SET heartbeat = now() - interval '1 hour'")
            )

        async def hold(delivery: Delivery) -> None:
            successor.taken.append(delivery)
            await asyncio.sleep(60)

        async with working(second, {"a.execute": hold}):
            await until(lambda: bool(successor.taken))
            async with database.begin() as tx:
                assert await first.complete(tx, stalled.taken) == set()
                late = [(stalled.taken[0], timedelta(0))]
                assert await first.redeliver(tx, late) == set()
                assert await second.complete(tx, successor.taken) == {successor.taken[0].token}
    assert successor.taken[0].attempt == 2


async def test_a_key_holds_no_more_than_its_room_and_starves_no_other_key(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    held: list[Delivery] = []
    other = Taker(engine, database)

    async def hold(delivery: Delivery) -> None:
        held.append(delivery)
        await asyncio.sleep(60)

    await publish(engine, database, *(message(n) for n in range(100)))
    async with working(
        engine, {"a.execute": hold, "b.execute": other}, room={"a.execute": 3}, concurrency=10
    ):
        await until(lambda: len(held) == 3)
        await publish(engine, database, *(message(n, "b.execute") for n in range(200, 240)))
        await until(lambda: len(other.taken) == 40)
        assert len(held) == 3


async def test_a_worker_holds_no_more_than_its_concurrency(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    held: list[Delivery] = []

    async def hold(delivery: Delivery) -> None:
        held.append(delivery)
        await asyncio.sleep(60)

    await publish(engine, database, *(message(n, f"{n % 3}.execute") for n in range(60)))
    handlers: dict[str, Take] = {f"{n}.execute": hold for n in range(3)}
    async with working(engine, handlers, concurrency=7):
        await until(lambda: len(held) == 7)
        await asyncio.sleep(0.3)
    assert len(held) == 7


async def test_a_freed_place_is_taken_at_once_although_the_queue_is_long(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taker = Taker(engine, database)
    clock = asyncio.get_running_loop().time
    await publish(engine, database, *(message(n) for n in range(60)))
    started = clock()
    async with working(engine, {"a.execute": taker}, room={"a.execute": 1}):
        await until(lambda: len(taker.taken) == 60)
    assert clock() - started < 3  # a poll of 100 ms for each would take six seconds


async def test_messages_of_a_key_that_nobody_here_handles_are_left_alone(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taker = Taker(engine, database)
    await publish(engine, database, message(1, "other.execute"), message(2))
    async with working(engine, {"a.execute": taker}):
        await until(lambda: bool(taker.taken))
    assert (await engine.depth())["other.execute"].waiting == 1


async def test_the_queue_keeps_no_log_that_would_grow_for_ever(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    taker = Taker(engine, database)
    await publish(engine, database, message(1))
    async with working(engine, {"a.execute": taker}):
        await until(lambda: bool(taker.taken))
    async with database.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM sluice.pgqueuer_log")) == 0


async def test_installing_again_changes_nothing(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    await publish(engine, database, message(1))
    await engine.install()
    assert (await engine.depth())["a.execute"].waiting == 1


async def test_a_heartbeat_and_a_claim_at_the_same_time_do_not_disturb_each_other(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    await publish(engine, database, *(message(n) for n in range(20)))
    async with engine._claims(lambda _flow_key: None) as claims:
        first, _, _, second = await asyncio.gather(
            claims.claim(["a.execute"], 10),
            claims.beat([(1, 0)]),
            claims.next_due(["a.execute"]),
            claims.claim(["a.execute"], 10),
        )
    assert len({delivery.token for delivery in (*first, *second)}) == 20


async def test_an_item_whose_outcome_is_being_written_takes_no_place(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    held: list[Delivery] = []
    written = asyncio.Event()

    async def write_slowly(delivery: Delivery) -> None:
        held.append(delivery)
        if len(held) <= 2:
            delivery.worked()
        await written.wait()
        async with database.begin() as tx:
            await engine.complete(tx, [delivery])

    await publish(engine, database, *(message(n) for n in range(20)))
    async with working(engine, {"a.execute": write_slowly}, concurrency=2):
        await until(lambda: len(held) == 4)
        await asyncio.sleep(0.2)
        assert len(held) == 4  # two are being written, and two are at work
        written.set()
        await until(lambda: len(held) == 20)


async def test_what_the_engine_leaves_out_of_the_queue_s_table_stays_out(
    engine: PgQueuerEngine, database: AsyncEngine
) -> None:
    await engine.install()
    async with database.connect() as connection:
        names = await connection.scalars(
            text("SELECT indexname FROM pg_indexes WHERE tablename = 'pgqueuer'")
        )
        found = {name.removeprefix("pgqueuer_") for name in names}
    assert found == {"pkey", "picked_heartbeat_idx", "ep_ea_idx",
                     "unique_dedupe_key"}  # fmt: skip
