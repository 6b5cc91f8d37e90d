"""Rows of many items or steps are locked in the order of their keys, in whichever they are asked
for and stand in the table: so no two transactions wait for each other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.events import waits, wakes
from app.store.events.waits import EventWait
from app.store.events.wakes import AwaitedEvent
from app.store.items import claims, items, outcomes
from app.store.items.claims import ClaimRequest, ItemClaim
from app.store.statuses import ItemStatus, StepKind, StepStatus
from app.store.steps import steps, suspension
from app.store.steps.steps import ItemId, StepId, StepRecord
from tests.store.test_claims import outcome
from tests.support.families import Recording
from tests.support.service import Opener, Sluice

Work = Callable[[AsyncConnection, Sequence[ItemId]], Awaitable[object]]
"""Of these items, whose order says nothing."""

RUN, OTHER = "run_1", "run_2"
TOKEN = (7, 1)
NUMBER = 400
"""Items of each run."""
ASKED = 240
"""Of which are asked for, over both runs."""
STEP = "paid"


def place(run_id: str, number: int) -> ItemId:
    return (run_id, f"i{number:05}")


@asynccontextmanager
async def filled(
    opener: Opener, status: ItemStatus, *, claimed: bool, analyzed: bool
) -> AsyncIterator[tuple[Sluice, list[ItemId]]]:
    """Items in the table in no order, and a step of each; and some of them."""
    rng = random.Random(11)  # noqa: S311 - the same whenever it runs
    every = [place(run_id, number) for run_id in (RUN, OTHER) for number in range(NUMBER)]
    shuffled = rng.sample(every, len(every))
    async with opener(Recording()) as sluice:
        columns = {"runs": [one[0] for one in shuffled], "items": [one[1] for one in shuffled]}
        number, delivery = TOKEN if claimed else (None, None)
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status, due_at, claim, claim_number)"
            " SELECT *, :status, now() - interval '1 s', :number, :delivery"
            " FROM unnest(CAST(:runs AS text[]), CAST(:items AS text[]))",
            status=status, number=number, delivery=delivery, **columns,
        )  # fmt: skip
        await sluice.sql(
            "INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone,"
            " item_attempt, started_at, event, event_place, event_value) SELECT *, :name, 'event',"
            " 'waiting', 1, true, 1, now(), 'paid', 'id', 'v'"
            " FROM unnest(CAST(:runs AS text[]), CAST(:items AS text[]))",
            name=STEP, **columns,
        )  # fmt: skip
        if analyzed:
            await sluice.sql("ANALYZE sluice.item, sluice.step")
        yield sluice, rng.sample(every, ASKED)


async def assert_in_order(sluice: Sluice, table: str, asked: Sequence[ItemId], work: Work) -> None:
    """Somebody has the row in the middle: who does the work has those before it, none behind."""
    ordered = sorted(asked)
    middle = ordered[len(ordered) // 2]
    ledger = sluice.service.pools.ledger

    async def working() -> object:
        async with ledger.begin() as tx:
            return await work(tx, asked)

    async with sluice.service.database.begin() as tx:
        await tx.execute(
            text(f"SELECT FROM sluice.{table} WHERE run_id = :run AND item_id = :item FOR UPDATE"),
            {"run": middle[0], "item": middle[1]},
        )
        task = asyncio.create_task(working())
        await sluice.held_up()
        rows = await sluice.sql(
            f"SELECT run_id, item_id FROM sluice.{table} FOR UPDATE SKIP LOCKED"  # noqa: S608
        )
        await tx.rollback()
    await task
    free = {(run_id, item_id) for run_id, item_id in rows}
    assert [one for one in ordered if one not in free] == [one for one in ordered if one <= middle]


def of_run(asked: Sequence[ItemId]) -> list[str]:
    return [item_id for run_id, item_id in asked if run_id == RUN]


def held(asked: Sequence[ItemId]) -> list[ItemClaim]:
    return [ItemClaim(*one, TOKEN) for one in asked]


async def times_out(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    assert await suspension.wake(tx, held(asked)) == set(asked)


async def holds(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    assert await suspension.hold(tx, asked) == set(asked)


async def locks(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    assert set(await suspension.lock(tx, asked)) == set(asked)


async def releases(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    await claims.release(tx, held(asked))


async def marks(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    await claims.mark(tx, held(asked))


async def takes(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    """As many as one statement has: each is a transaction of its own."""
    assert len(asked) <= claims.AT_ONCE
    taken = await claims.take(tx, [ClaimRequest(RUN, of_run(asked), TOKEN)])
    assert set(taken[TOKEN].begun) == set(of_run(asked))


async def succeeds(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    written = [outcome(claim, ItemStatus.SUCCEEDED) for claim in held(asked)]
    assert (await outcomes.record(tx, written)).number == len(asked)


async def fails(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    written = [outcome(claim, ItemStatus.FAILED) for claim in held(asked)]
    assert (await outcomes.record(tx, written)).number == len(asked)


SUSPENDED = [times_out, holds, locks]
CLAIMED = [releases, marks, succeeds, fails]


@pytest.mark.parametrize("analyzed", [False, True], ids=["of the first day", "with statistics"])
@pytest.mark.parametrize("work", [*SUSPENDED, *CLAIMED, takes])
async def test_items_are_locked_in_the_order_of_their_keys(
    opener: Opener, work: Work, analyzed: bool
) -> None:
    status = ItemStatus.SUSPENDED if work in SUSPENDED else ItemStatus.PENDING
    claimed = work in CLAIMED
    async with filled(opener, status, claimed=claimed, analyzed=analyzed) as (sluice, asked):
        wanted = [one for one in asked if one[0] == RUN][:100] if work is takes else asked
        await assert_in_order(sluice, "item", wanted, work)


def record(one: ItemId) -> StepRecord:
    now = datetime.now(UTC)
    return StepRecord(*one, STEP, StepKind.EVENT, StepStatus.WAITING, 1, True, 1, now)


async def remembers(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    assert len(await steps.remember(tx, [record(one) for one in asked])) == len(asked)


async def begins(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    wanted = [EventWait(record(one), "paid", "id", "v", None, RUN, ()) for one in asked]
    await waits.begin(tx, wanted, {})


async def looks(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    await steps.settled_among(tx, [(*one, STEP) for one in asked])


async def answers(tx: AsyncConnection, asked: Sequence[ItemId]) -> None:
    [[seq]] = await tx.execute(
        text(
            "INSERT INTO sluice.event (name, event_id, data, at, sender)"
            " VALUES ('paid', 'e1', '{}', now(), 'test') RETURNING seq"
        )
    )
    found: list[StepId] = sorted((*one, STEP) for one in asked)
    assert len(await wakes.answer(tx, [AwaitedEvent(one, seq) for one in found])) == len(asked)


@pytest.mark.parametrize("analyzed", [False, True], ids=["of the first day", "with statistics"])
@pytest.mark.parametrize("work", [remembers, begins, looks, answers])
async def test_steps_are_locked_in_the_order_of_their_keys(
    opener: Opener, work: Work, analyzed: bool
) -> None:
    async with filled(opener, ItemStatus.PENDING, claimed=True, analyzed=analyzed) as (
        sluice,
        asked,
    ):
        await assert_in_order(sluice, "step", asked, work)


@pytest.mark.parametrize("analyzed", [False, True], ids=["of the first day", "with statistics"])
async def test_steps_whose_time_is_over_are_settled_in_the_order_of_their_keys(
    opener: Opener, analyzed: bool
) -> None:
    async with filled(opener, ItemStatus.SUSPENDED, claimed=False, analyzed=analyzed) as (
        sluice,
        asked,
    ):
        await sluice.sql("UPDATE sluice.step SET due_at = now() - interval '1 s'")
        await assert_in_order(sluice, "step", asked, times_out)


async def test_who_cancels_waits_for_no_item(opener: Opener) -> None:
    """It holds some, in whatever order others would have them."""
    async with filled(opener, ItemStatus.SUSPENDED, claimed=False, analyzed=False) as (sluice, _):
        taken = place(RUN, 7)
        async with sluice.service.database.begin() as tx, sluice.service.database.begin() as other:
            assert await suspension.hold(tx, [taken])
            async with asyncio.timeout(timedelta(seconds=30).total_seconds()):
                found = await items.lock_open(other, RUN, after_id=None, limit=1_000)
    assert taken[1] not in {one.item_id for one in found}
    assert len(found) == NUMBER - 1
