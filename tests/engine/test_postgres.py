"""What the queue on Postgres does besides: promptness, shared work, processes that are gone."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Collection
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.config.priorities import ORDINARY
from app.connections.driver import fetch_raw
from app.engine import Delivery, Depth, Token
from app.engine.postgres import consumer, statements
from app.engine.postgres.engine import PostgresEngine
from app.engine.postgres.queue_connection import QueueConnection
from app.store.database import BY_INDEX, reading
from app.workflows.keys import new_worker
from tests.engine.engines import Holder, Taker, message, publish, until_empty, working
from tests.support.patience import PATIENCE, until

NEVER = 3_600.0


@pytest.fixture
def engine(database: AsyncEngine, database_url: str) -> PostgresEngine:
    return PostgresEngine(database, database_url, stop_timeout=timedelta(seconds=1))


@pytest.fixture
def only_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers do not look by themselves: whatever comes, they were woken for it, or knew when."""
    monkeypatch.setattr(consumer, "LOOK_EVERY", NEVER)


@pytest.mark.usefixtures("only_woken")
async def test_a_message_wakes_an_idle_worker(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    taker = Taker()
    async with working(engine, {"a.execute": taker}):
        for number in range(11):
            await publish(engine, database, message(number))
            await until(lambda number=number: len(taker.taken) > number)  # type: ignore[misc]  # bound


@pytest.mark.usefixtures("only_woken")
async def test_an_idle_worker_knows_when_what_comes_later_is_due(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    taker = Taker()
    async with working(engine, {"a.execute": taker}):
        for number in range(5):
            delay = timedelta(seconds=0.05 * (1 + number % 3))
            await publish(engine, database, message(number, delay=delay))
            await until(lambda number=number: len(taker.taken) > number)  # type: ignore[misc]  # bound


async def test_what_a_process_of_an_older_version_publishes_is_taken_as_ordinary(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    """It says priorities that there are not any more, and tells of none."""
    taker = Taker()
    async with working(engine, {"a.execute": taker}):
        await publish(engine, database, message(1))
        await until(lambda: len(taker.taken) == 1)
        async with database.begin() as tx:
            await tx.execute(
                text(
                    "INSERT INTO sluice.message (id, flow_key, payload, priority)"
                    " VALUES ('old', 'a.execute', '', 20), ('mine', 'b.execute', '', 20)"
                )
            )
            await tx.execute(text("SELECT pg_notify('sluice.queue', 'a.execute')"))
        await until(lambda: len(taker.taken) == 2)
        async with database.connect() as tx:
            left = await tx.execute(text("SELECT flow_key, priority FROM sluice.message"))
            assert left.all() == [("b.execute", 20)]  # no worker here has that family
    assert taker.taken[1].priority == 5


async def test_what_a_busy_worker_gives_back_comes_to_an_idle_one_when_it_is_due(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    clock = asyncio.get_running_loop().time
    gave: list[float] = []
    came: list[float] = []

    async def give_back(delivery: Delivery) -> timedelta:
        gave.append(clock())
        return timedelta(milliseconds=300)

    async def note(delivery: Delivery) -> None:
        came.append(clock())

    # It looks once, and has no place afterwards.
    async with working(engine, {"a.execute": give_back}, most=1) as busy:
        await publish(engine, database, message(1))
        await until(lambda: bool(gave))
        busy.stop()
        async with working(engine, {"a.execute": note}):
            await until(lambda: bool(came))
    assert came[0] - gave[0] >= 0.29


async def test_who_asks_for_one_message_locks_no_other(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    """Another worker that asks at the same moment would find nothing, and stand still."""
    await publish(engine, database, *(message(n) for n in range(3)))
    async with database.connect() as first, database.connect() as second:
        for connection in (first, second):
            asked = ["a.execute"], [50], [0], [9], [0], [False], 1, uuid.uuid4()
            taken = await fetch_raw(connection, statements.CLAIM, *asked)
            assert len(taken) == 1  # and the other's is not committed


@pytest.mark.usefixtures("only_woken")
async def test_what_somebody_had_locked_and_did_not_take_is_asked_for_again(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    """How soon, ``test_consumer_over_time`` says."""
    taker, rooms = Taker(), {"a.execute": 0}
    async with (
        working(engine, {"a.execute": taker}, rooms=rooms) as worker,
        database.connect() as other,
    ):
        assert isinstance(worker, consumer.QueueConsumer)
        for number in range(3):
            rooms["a.execute"] = 0  # until it is locked
            await publish(engine, database, message(number))
            await other.execute(text("SELECT FROM sluice.message FOR UPDATE"))
            rooms["a.execute"] = 1
            worker._hear("a.execute", ORDINARY)  # and of its message only now
            await asyncio.sleep(0.1)  # in which it is looked for
            assert len(taker.taken) == number
            await other.rollback()
            await until(lambda number=number: len(taker.taken) > number)  # type: ignore[misc]  # bound
            await until(lambda: bool(worker._dry.keys))  # and no claim is on its way


async def test_what_a_process_holds_that_is_gone_is_delivered_after_three_looks_at_most(
    engine: PostgresEngine, database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look a second, as ``test_consumer_over_time`` says: within three seconds."""
    taker, looks = Taker(), 0
    look = QueueConnection.look

    async def counted(
        queue: QueueConnection, held: Collection[Token], flow_keys: Collection[str]
    ) -> timedelta | None:
        nonlocal looks
        looks += 1
        return await look(queue, held, flow_keys)

    monkeypatch.setattr(QueueConnection, "look", counted)
    await publish(engine, database, message(1))
    async with database.begin() as tx:  # as one leaves it that had no time for a word
        await tx.execute(text("INSERT INTO sluice.consumer (id) VALUES (gen_random_uuid())"))
        await tx.execute(
            text(
                "UPDATE sluice.message SET deliveries = 1, attempts = 1,"
                " worker = (SELECT id FROM sluice.consumer)"
            )
        )
    looks_until: list[int] = []

    async def take(delivery: Delivery) -> None:
        looks_until.append(looks)
        await taker(delivery)

    async with working(engine, {"a.execute": take}):
        await until(lambda: bool(taker.taken))
        await until_empty(engine)
    assert looks_until[0] <= 3
    assert taker.taken[0].attempt == 2
    async with database.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM sluice.consumer")) == 0


async def test_what_a_process_holds_that_is_gone_comes_before_what_waits_behind_it(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    """And so after two seconds, however much waits: not when all of that is done."""
    async with database.begin() as tx:
        await engine.publish(tx, [message(n) for n in range(3)])
        dead = await tx.scalar(
            text("INSERT INTO sluice.consumer (id) VALUES (gen_random_uuid()) RETURNING id")
        )
    async with database.connect() as connection:
        asked = ["a.execute"], [3], [0], [9], [0], [False], 3, dead
        assert len(await fetch_raw(connection, statements.CLAIM, *asked)) == 3
        await connection.commit()
    await publish(engine, database, *(message(n) for n in range(3, 200)))
    taker, room = Taker(), {"a.execute": 0}
    async with working(engine, {"a.execute": taker}, most=1, rooms=room) as worker:
        async with asyncio.timeout(PATIENCE), database.connect() as connection:
            held = text("SELECT count(*) FROM sluice.message WHERE worker IS NOT NULL")
            while await connection.scalar(held):
                await asyncio.sleep(0.01)
                await connection.rollback()
        room["a.execute"] = 1
        assert isinstance(worker, consumer.QueueConsumer)
        worker._hear("a.execute", ORDINARY)
        await until(lambda: len(taker.taken) >= 200)
    first = {one.payload for one in taker.taken[:3]}
    assert first == {b"0", b"1", b"2"}


@pytest.mark.parametrize("statement", ["GIVE_BACK", "GIVE_BACK_OF_DEAD", "LET_GO"])
async def test_what_is_given_back_keeps_its_place(
    engine: PostgresEngine, database: AsyncEngine, statement: str
) -> None:
    await publish(engine, database, *(message(n) for n in range(3)))
    places = text("SELECT id, due_at, worker FROM sluice.message ORDER BY id")
    me = uuid.uuid4()
    async with database.connect() as connection:
        before = (await connection.execute(places)).all()
        asked = ["a.execute"], [3], [0], [9], [0], [False], 3, me
        assert len(await fetch_raw(connection, statements.CLAIM, *asked)) == 3
        await connection.commit()  # and so it is a later moment
        given: tuple[object, ...] = (me, []) if statement == "LET_GO" else ([me],)
        await fetch_raw(connection, getattr(statements, statement), *given)
        assert (await connection.execute(places)).all() == before


async def test_what_a_process_holds_that_hangs_is_delivered_after_its_heartbeat_s_time(
    database: AsyncEngine, database_url: str
) -> None:
    engine = PostgresEngine(
        database, database_url, heartbeat=timedelta(seconds=30), stop_timeout=timedelta(seconds=1)
    )
    hanging, taker = Holder(), Taker()
    async with working(engine, {"a.execute": hanging}, most=1):
        await publish(engine, database, message(1))
        await until(lambda: bool(hanging.taken))
        async with working(engine, {"a.execute": taker}):
            # Its session lives, so it is not taken for dead, for as long as its heart beats.
            await asyncio.sleep(2.5)
            assert not taker.taken
            async with database.begin() as tx:
                await tx.execute(
                    text(
                        "UPDATE sluice.consumer SET beat_at = now() - interval '31 seconds'"
                        " WHERE id = (SELECT worker FROM sluice.message)"
                    )
                )
            await until(lambda: bool(taker.taken))
        # What it says of its former delivery means nothing any more.
        hanging.let_go.set()
    assert [hanging.taken[0].attempt, taker.taken[0].attempt] == [1, 2]
    await until_empty(engine)


async def test_messages_of_a_worker_that_nobody_knows_are_delivered(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    taker = Taker()
    await publish(engine, database, message(1))
    async with database.begin() as tx:  # as a backup brings them back
        await tx.execute(text("UPDATE sluice.message SET worker = gen_random_uuid()"))
    async with working(engine, {"a.execute": taker}):
        await engine.tidy()
        await until(lambda: bool(taker.taken))


async def test_what_a_worker_has_by_the_queue_s_account_alone_is_delivered(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    held, taker = Holder(), Taker()
    async with working(engine, {"a.execute": held, "b.execute": taker}):
        await publish(engine, database, message(1))
        await until(lambda: bool(held.taken))
        async with database.begin() as tx:  # as if the answer to its claim had been lost
            await engine.publish(tx, [message(2, "b.execute", delay=timedelta(days=1))])
            await tx.execute(
                text(
                    "UPDATE sluice.message SET deliveries = 1,"
                    " worker = (SELECT worker FROM sluice.message WHERE id = 'm1')"
                    " WHERE id = 'm2'"
                )
            )
        await until(lambda: bool(taker.taken))
        assert len(held.taken) == 1
        held.let_go.set()
        await until_empty(engine)


async def test_the_end_of_a_former_delivery_does_not_end_a_later_one_of_the_same_worker(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    ends = {1: asyncio.Event(), 2: asyncio.Event()}
    taken: list[Delivery] = []

    async def hold(delivery: Delivery) -> None:
        taken.append(delivery)
        await ends[delivery.attempt].wait()

    async with working(engine, {"a.execute": hold}):
        await publish(engine, database, message(1))
        await until(lambda: len(taken) == 1)
        async with database.begin() as tx:  # as if another worker had taken it over, and gone
            await tx.execute(text("UPDATE sluice.message SET worker = NULL, due_at = now()"))
        await until(lambda: len(taken) == 2)
        ends[1].set()
        await publish(engine, database, message(2))  # the loop goes round, and settles
        await until(lambda: len(taken) == 3)
        async with database.connect() as tx:
            tokens = [delivery.token for delivery in taken[:2]]
            assert await engine.living(tx, tokens) == {taken[1].token}
        ends[2].set()
        await until_empty(engine)


async def test_messages_that_are_due_much_later_cost_a_claim_nothing(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    async with database.begin() as tx:
        await tx.execute(
            text(
                "INSERT INTO sluice.message (id, flow_key, payload, due_at)"
                " SELECT 'late' || n, 'a.execute', '', now() + interval '9 days'"
                " FROM generate_series(1, 20000) AS n"
            )
        )
    await publish(engine, database, message(1))
    async with database.connect() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        claim = statements.CLAIM
        values = ("{a.execute}", "{10}", "{0}", "{9}", "{0}", "{f}")
        for number, value in enumerate(values, start=1):
            claim = claim.replace(f"${number}", f"'{value}'")
        claim = claim.replace("$7", "10").replace("$8", "gen_random_uuid()")
        plan = await connection.scalars(text(f"EXPLAIN (ANALYZE, BUFFERS) {claim}"))
        lines = "\n".join(plan)
    assert "Rows Removed by Filter" not in lines
    assert int(re.findall(r"shared hit=(\d+)", lines)[0]) < 100, lines


async def test_whose_a_lost_delivery_was_is_found_by_index(
    engine: PostgresEngine, database: AsyncEngine
) -> None:
    dead = new_worker()
    async with database.begin() as tx:
        await tx.execute(
            text(
                "INSERT INTO sluice.message (id, flow_key, payload, deliveries, former,"
                " former_delivery) SELECT 'm' || n, 'a.execute', '', 2,"
                " CASE WHEN n <= 3 THEN CAST(:dead AS uuid) END, CASE WHEN n <= 3 THEN n END"
                " FROM generate_series(1, 20000) AS n"
            ),
            {"dead": str(dead)},
        )
        first = await tx.scalar(text("SELECT seq FROM sluice.message WHERE id = 'm2'"))
    async with database.connect() as connection:
        [left] = await engine.abandoned(connection, [(first, 2)])
        assert await engine.abandoned(connection, [(first, 1)]) == []
        for setting in BY_INDEX:
            await connection.execute(text(f"SET {setting} = off"))
        asked = statements.ABANDONED.replace("$1", f"'{{{first}}}'").replace("$2", "'{2}'")
        plan = await connection.scalars(text(f"EXPLAIN (ANALYZE, BUFFERS) {asked}"))
        lines = "\n".join(plan)
    assert left.worker == dead
    assert sorted(one.token[1] for one in left.deliveries) == [1, 2, 3]
    assert "Seq Scan" not in lines
    assert int(re.findall(r"shared hit=(\d+)", lines)[0]) < 100, lines


async def test_of_a_backlog_no_more_is_counted_than_is_asked_for_and_the_oldest_first(
    database: AsyncEngine, engine: PostgresEngine
) -> None:
    old = [message(n, delay=timedelta(seconds=-60)) for n in range(2)]
    await publish(engine, database, *(message(n) for n in range(10, 20)), *old)
    async with reading(database) as tx:
        [found] = (await engine.backlog(tx, ["a.execute"], most=5)).values()
    assert found.depth == Depth(due=5)
    assert found.oldest >= 60
