"""What the engine on QStash does besides: what QStash loses, refuses, doubles, or is away for."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.driver import fetch_raw
from app.engine import Delivery, Depth
from app.engine.qstash import statements
from app.engine.qstash.answer import NEVER, OVER
from app.qstash_dev.delivery.faults import Faults
from tests.engine.called_engine import CalledEngine, called_engine
from tests.engine.engines import Holder, Taker, message, publish, until_empty, working
from tests.support.patience import PATIENCE, until


async def due_for_sending(database: AsyncEngine) -> None:
    """As if the time had passed until the next try."""
    async with database.begin() as tx:
        await tx.execute(
            text(
                "UPDATE sluice.outbox SET try_at = now() WHERE seq = ANY(ARRAY("
                "SELECT seq FROM sluice.outbox WHERE try_at IS NOT NULL ORDER BY id FOR UPDATE))"
            )
        )


async def unsent(called: CalledEngine, database: AsyncEngine) -> int:
    async with database.connect() as tx:
        found = await called.engine.unsent(tx, most=1_000)
    return 0 if found is None else found.messages


async def until_sent(called: CalledEngine, database: AsyncEngine) -> None:
    async with asyncio.timeout(PATIENCE):
        while await called.engine.depth():
            await due_for_sending(database)
            await called.engine.sender.send_left_overs()
            await asyncio.sleep(0.01)


async def test_what_qstash_did_not_take_while_it_was_away_is_sent_by_the_next_tick(
    database: AsyncEngine,
) -> None:
    faults, taker = Faults(away=503), Taker()
    async with called_engine(database, faults=faults) as called:

        def away() -> bool:
            return called.engine.sender.away

        async with working(called.engine, {"a.execute": taker}):
            await publish(called.engine, database, *(message(n) for n in range(250)))
            await called.engine.sender.send()
            assert away()
            assert (await called.engine.depth())["a.execute"] == Depth(due=250)
            assert await unsent(called, database) == 250
            faults.away = None
            await due_for_sending(database)
            await called.engine.tidy()
            await until_empty(called.engine)
            assert not away()
    assert Counter(delivery.payload for delivery in taker.taken) == Counter(
        b"%d" % n for n in range(250)
    )


async def test_whatever_is_refused_lost_doubled_and_disordered_each_message_is_delivered(
    database: AsyncEngine,
) -> None:
    faults = Faults(
        seed=3, repeat=0.2, lose_answer=0.1, delay=0.2, reorder=0.5, refuse_in_batch=0.2,
        lose_acknowledgement=0.2, longest=0.05,
    )  # fmt: skip
    chance = random.Random(5)  # noqa: S311 - no secret comes of it
    ended: Counter[bytes] = Counter()

    async def handle(delivery: Delivery) -> timedelta | None:
        fate = chance.random()
        if fate < 0.1:
            raise RuntimeError("a bug of ours")
        if fate < 0.2:
            return timedelta(0)
        ended[delivery.payload] += 1
        return None

    async with (
        called_engine(database, faults=faults, speed=100) as called,
        working(called.engine, {"a.execute": handle}),
    ):
        await publish(called.engine, database, *(message(n) for n in range(300)))
        await until_sent(called, database)
        await called.qstash.settled()
    # Once each: a letter that comes twice finds that its message has ended, or is in hand.
    assert ended == Counter(b"%d" % n for n in range(300))
    assert {"repeat", "refuse_in_batch", "lose_answer"} <= faults.counted.keys()


async def test_what_became_of_letters_is_written_without_locking_one_while_it_waits_for_another(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = text("SELECT id FROM sluice.outbox WHERE id = :id FOR UPDATE")
    waiting = text(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE '%UPDATE sluice.outbox%'"
    )
    async with called_engine(database) as called, database.connect() as other:
        sender = called.engine.sender

        async def call(sendable: Sequence[Any]) -> tuple[list[Any], list[Any], None]:
            refused, sent = sorted((one for one, _ in sendable), key=lambda one: one.id)
            await other.execute(locked, {"id": refused.id})
            return [sent], [refused], None

        monkeypatch.setattr(sender, "_call", call)
        await publish(called.engine, database, message(1), message(2))
        sending = asyncio.create_task(sender.send())
        async with asyncio.timeout(PATIENCE), database.connect() as looking:
            while not (await looking.execute(waiting)).first():
                await looking.rollback()
                await asyncio.sleep(0.01)
            # Would this wait, Postgres would have to end one of the two.
            await other.execute(text(f"{locked.text} NOWAIT"), {"id": message(2).id})
            await other.rollback()
            await sending


async def test_a_delivery_that_never_ended_is_made_again(database: AsyncEngine) -> None:
    taker = Taker()
    async with called_engine(database) as called:
        await publish(called.engine, database, message(1))
        async with database.begin() as tx:  # as a process leaves it that was killed
            await tx.execute(
                text(
                    "UPDATE sluice.outbox SET publication = gen_random_uuid(), try_at = NULL,"
                    " deliveries = 1, retried = 0, held_until = now() - interval '1 s'"
                )
            )
            assert await called.engine.living(tx, {(1 << 40, 1)}) == set()
        async with working(called.engine, {"a.execute": taker}):
            await called.engine.tidy()
            await until(lambda: bool(taker.taken))
            await until_empty(called.engine)
    assert [delivery.token for delivery in taker.taken] == [(1 << 40, 2)]


async def test_a_letter_that_counts_no_more_changes_nothing(database: AsyncEngine) -> None:
    taker = Taker()
    async with called_engine(database) as called, working(called.engine, {"a.execute": taker}):
        old = b'{"message": "m1", "publication": "00000000-0000-4000-8000-000000000000"}'
        await publish(called.engine, database, message(1, delay=timedelta(days=9)))
        assert await called.engine.deliver("a.execute", old, 0) == OVER
        assert await called.engine.deliver("a.execute", b"{}", 0) == NEVER
        await called.engine.given_up(old)
        assert (await called.engine.depth())["a.execute"] == Depth(deferred=1)
    assert not taker.taken


async def test_the_same_letter_again_waits_while_its_message_is_in_hand(
    database: AsyncEngine,
) -> None:
    holder = Holder()
    async with called_engine(database) as called, working(called.engine, {"a.execute": holder}):
        await publish(called.engine, database, message(1))
        await until(lambda: bool(holder.taken))
        async with database.connect() as tx:
            number = await tx.scalar(text("SELECT publication FROM sluice.outbox"))
        letter = b'{"message": "m1", "publication": "%s"}' % str(number).encode()
        answer = await called.engine.deliver("a.execute", letter, 0)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        # QStash has waited for longer than the former may take.
        again = asyncio.create_task(called.engine.deliver("a.execute", letter, 1))
        await until(lambda: len(holder.taken) == 2)
        async with database.connect() as tx:
            tokens = {delivery.token for delivery in holder.taken}
            assert await called.engine.living(tx, tokens) == {holder.taken[1].token}
        holder.let_go.set()
        assert await again == OVER
        await until_empty(called.engine)


async def test_what_is_due_much_later_is_kept_back(database: AsyncEngine) -> None:
    async with called_engine(database) as called:
        await publish(called.engine, database, message(1, delay=timedelta(days=9)))
        await called.engine.sender.send()
        assert not called.qstash.parts.events.entries
        assert (await called.engine.depth())["a.execute"] == Depth(deferred=1)
        assert not await unsent(called, database)


async def test_what_qstash_has_given_up_is_sent_anew_after_a_while(database: AsyncEngine) -> None:
    taker = Taker()
    async with called_engine(database) as called:
        await publish(called.engine, database, message(1))
        await called.engine.sender.send()
        async with database.connect() as tx:
            former = await tx.scalar(text("SELECT publication FROM sluice.outbox"))
        letter = b'{"message": "m1", "publication": "%s"}' % str(former).encode()
        await called.engine.given_up(letter)
        async with database.connect() as tx:
            found = await tx.execute(
                text("SELECT publication, try_at > now() + interval '4 min' FROM sluice.outbox")
            )
            assert found.all() == [(None, True)]
        async with working(called.engine, {"a.execute": taker}):
            await until_sent(called, database)
    assert [delivery.payload for delivery in taker.taken] == [b"1"]


async def test_another_priority_alone_sends_no_letter_anew(database: AsyncEngine) -> None:
    async with called_engine(database) as called:
        await publish(called.engine, database, message(1, priority=2, delay=timedelta(hours=1)))
        await called.engine.sender.send()

        async def row() -> tuple[object, ...]:
            async with database.connect() as tx:
                found = await tx.execute(
                    text("SELECT priority, publication, try_at, due_at FROM sluice.outbox")
                )
                return tuple(found.one())

        former = await row()
        later = message(1, priority=9, rank=1, delay=timedelta(hours=2))
        assert await publish(called.engine, database, later) == 1
        assert await row() == (91, *former[1:])


async def test_letters_leave_by_their_priority_and_of_one_priority_by_their_rank(
    database: AsyncEngine,
) -> None:
    kinds = {1: (2, 2), 2: (9, 0), 3: (2, 0), 4: (9, 2), 5: (5, 1)}
    left = []
    async with called_engine(database) as called, database.connect() as tx:
        out = [message(n, priority=p, rank=rank) for n, (p, rank) in kinds.items()]
        await called.engine.publish(tx, out)
        for _ in kinds:  # before anybody else sees them
            [row] = await fetch_raw(tx, statements.TAKE_UNSENT, 1, timedelta(minutes=1))
            left.append(bytes(row[3]))
        await tx.rollback()
    assert left == [b"4", b"2", b"5", b"1", b"3"]
