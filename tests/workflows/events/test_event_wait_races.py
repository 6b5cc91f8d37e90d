"""An event and a wait that come at the same moment find each other, in whichever order they commit;
of an event and a timeout one counts."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from app.store.events import inbox, wakes
from app.store.events.inbox import NewEventRow
from app.store.tables.base import made_now
from app.workflows.events.event_waits import give
from app.workflows.family import Context, MatchedEvent
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.events.heard import sent
from tests.workflows.events.invoices import (
    PAID,
    Awaiting,
    found,
    paid,
    steps_waiting,
    wait,
)


def row(value: str, event_id: str) -> NewEventRow:
    return NewEventRow(PAID, event_id, {"invoice": {"id": value}}, made_now(), unmatched=True)


async def test_a_wait_that_begins_amid_an_event_has_it(opener: Opener) -> None:
    """The event has looked for waits already, and is not committed."""
    family = Awaiting(wait)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.service.database.begin() as tx:
            written = await inbox.add(tx, [row("u00001", "e1")], sender="test")
            seqs = [one.seq for one in written.values()]
            assert await give(tx, sluice.service.engine, await wakes.find(tx, seqs)) == Counter()
            # Held open until the wait stands in line behind it.
            worker = asyncio.create_task(_work(sluice, run_id))
            await sluice.held_up()
        await worker
    assert family.results["u00001"].id == "e1"
    assert family.executed == {"u00001": 1}


async def _work(sluice: Sluice, run_id: str) -> None:
    async with sluice.worker():
        assert (await sluice.ended(run_id)).status == "succeeded"


async def test_an_event_that_comes_amid_a_wait_finds_it(opener: Opener) -> None:
    """The wait has looked back already, and is not committed."""
    family = Awaiting(wait)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.service.database.begin() as tx:
            # The step's row, which the wait is about to write, is in somebody's hands.
            await tx.execute(
                text(
                    "INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone,"
                    " item_attempt, started_at) VALUES (:run, 'u00001', :name, 'event', 'failed',"
                    " 1, true, 1, now())"
                ),
                {"run": run_id, "name": PAID},
            )
            worker = asyncio.create_task(_work(sluice, run_id))
            await sluice.held_up()
            event = asyncio.create_task(sent(sluice, paid("u00001", "e1")))
            await sluice.held_up(2)
            await tx.rollback()
        taken = await event
        await worker
    assert taken.receipts[0].woke == 1
    assert family.results["u00001"].id == "e1"


async def test_an_event_that_comes_while_its_item_is_being_suspended_lets_it_go_on(
    opener: Opener,
) -> None:
    """It has found the step, and not yet committed that, when the item is written as suspended."""
    go = asyncio.Event()

    async def script(item: str, ctx: Context) -> MatchedEvent | None:
        async def slow() -> None:
            await go.wait()

        event, _ = await asyncio.gather(wait(item, ctx), ctx.run("slow", slow))
        return event

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_waiting(sluice)
            async with sluice.service.database.begin() as tx:
                written = await inbox.add(tx, [row("u00001", "e1")], sender="test")
                [one] = written.values()
                woke = await give(tx, sluice.service.engine, await wakes.find(tx, [one.seq]))
                go.set()
                await sluice.held_up()
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert woke == {one.seq: 1}
    assert run.status == "succeeded"
    assert family.results["u00001"].id == "e1"


async def test_events_and_waits_at_once_lose_and_double_nothing(opener: Opener) -> None:
    """Two workers begin to wait while two senders send, each event twice, and in another order."""
    number = 240

    async def script(item: str, ctx: Context) -> list[MatchedEvent | None]:
        return [
            await ctx.wait_for(PAID, match="invoice.id", name=f"paid-{one}") for one in range(2)
        ]

    family = Awaiting(script)
    async with opener(family, pool_size=10) as sluice:
        ids = await sluice.add_users(number)

        async def sending(seed: int) -> int:
            woke = 0
            events = [paid(item, f"{item}-{one}") for item in ids for one in range(2)]
            rng = random.Random(seed)  # noqa: S311 - the same order whenever it runs
            rng.shuffle(events)
            while events:
                size = rng.randrange(1, 12)
                taken = await sent(sluice, *events[:size])
                woke += sum(one.woke for one in taken.receipts)
                del events[:size]
            return woke

        run_id = await sluice.start()
        async with sluice.worker(), sluice.worker():
            await steps_waiting(sluice, 5)  # and the others begin while events come
            woken = sum(await asyncio.gather(sending(1), sending(2)))
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
        [[counted, dones]] = await sluice.sql(
            "SELECT (SELECT sum(woke) FROM sluice.event),"
            " (SELECT count(*) FROM sluice.step WHERE status = 'done')"
        )
    assert run.succeeded == number
    assert counted == dones == 2 * number
    assert 0 < woken <= counted
    for item in ids:
        seen = {event.id for event in family.results[item]}
        assert seen == {f"{item}-0", f"{item}-1"}


async def test_of_an_event_and_a_timeout_one_counts(opener: Opener) -> None:
    number = 200
    timeout = timedelta(milliseconds=400)

    async def script(item: str, ctx: Context) -> MatchedEvent | None:
        return await ctx.wait_for(PAID, match="invoice.id", timeout=timeout)

    family = Awaiting(script)
    async with opener(family, pool_size=10) as sluice:
        ids = await sluice.add_users(number)
        run_id = await sluice.start()
        woken: set[str] = set()
        async with sluice.worker(), sluice.worker():
            await found(sluice, number, "SELECT 1 FROM sluice.step")
            for some in range(0, number, 10):
                taken = await sent(sluice, *(paid(item, item) for item in ids[some : some + 10]))
                woken |= {one.id for one in taken.receipts if one.woke}
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert run.succeeded == number
    assert {item for item, event in family.results.items() if event is not None} == woken
