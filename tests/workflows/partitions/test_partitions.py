"""Limits of each partition: held over all runs, and a full one stands in nobody's way."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import case, func, null
from sqlmodel import col

from app.store.statuses import RunStatus
from app.workflows.family import Context, FlowControl, RetryAfter
from tests.support.clocks.rates import assert_rate_kept
from tests.support.control import control as control_run
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.users import User
from tests.workflows.partitions.tenants import Tenants

BIG = "big"


async def assert_nothing_left(sluice: Sluice, run_id: str) -> None:
    """Nobody waits for room any more, and nobody is counted as taking some."""
    run = await sluice.run(run_id)
    assert_exact(run, await sluice.items(run_id))
    parked = await sluice.sql("SELECT 1 FROM sluice.parked_item WHERE run_id = :run", run=run_id)
    assert not parked
    rows = await sluice.sql(
        "SELECT admitted FROM sluice.run_partition WHERE run_id = :run", run=run_id
    )
    assert {row[0] for row in rows} == {0}


@pytest.mark.parametrize("most", [1, 3])
async def test_each_partition_keeps_to_its_parallelism_and_all_items_end(
    opener: Opener, most: int
) -> None:
    family = Tenants(FlowControl(parallelism=50, per_partition=most))
    async with opener(family) as sluice, sluice.worker(), sluice.worker():
        await sluice.add_users(200)
        run = await sluice.ended(await sluice.start())
        await assert_nothing_left(sluice, run.id)
    assert run.succeeded == 200
    assert set(family.executed.values()) == {1}
    at_once = family.most_at_once()
    assert set(at_once) == set("0123456789")
    assert max(at_once.values()) == most


async def test_runs_side_by_side_share_the_limits_of_their_partitions(opener: Opener) -> None:
    family = Tenants(FlowControl(per_partition=2))
    async with opener(family) as sluice, sluice.worker(), sluice.worker():
        await sluice.add_users(60)
        runs = [await sluice.start(force=True) for _ in range(3)]
        for run_id in runs:
            assert (await sluice.ended(run_id)).succeeded == 60
            await assert_nothing_left(sluice, run_id)
    assert max(family.most_at_once().values()) == 2


async def test_a_rate_of_each_partition_is_kept(opener: Opener) -> None:
    family = Tenants(FlowControl(rate_per_partition=10), item_seconds=0)
    async with opener(family) as sluice, sluice.worker(), sluice.worker():
        await sluice.add_users(200)
        since = time.monotonic()
        run = await sluice.ended(await sluice.start())
        await assert_nothing_left(sluice, run.id)
    assert run.succeeded == 200
    for partition in "0123456789":
        starts = [one.began for one in family.done_at if one.partition == partition]
        assert len(starts) == 20
        assert_rate_kept(starts, since, 1 / 10)


async def test_a_full_partition_stands_in_nobodys_way(opener: Opener) -> None:
    """It comes first, is larger than the look-ahead, and has more than the others together."""

    def column() -> Any:
        return case((col(User.id) <= "u00120", BIG), else_=func.substr(User.id, 4, 2))

    family = Tenants(
        FlowControl(parallelism=20, per_partition=1),
        item_seconds=0.02,
        column=column,
        of=lambda item_id: BIG if item_id <= "u00120" else item_id[3:5],
    )
    async with opener(family, look_ahead=60) as sluice, sluice.worker(), sluice.worker():
        await sluice.add_users(220)
        run = await sluice.ended(await sluice.start())
        await assert_nothing_left(sluice, run.id)
    assert run.succeeded == 220
    others = max(one.ended for one in family.done_at if one.partition != BIG)
    before = [one for one in family.done_at if one.partition == BIG and one.ended < others]
    assert len(before) < 60
    assert max(family.most_at_once().values()) == 1


async def test_an_item_without_a_partition_has_the_limits_of_the_key_alone(
    opener: Opener,
) -> None:
    family = Tenants(
        FlowControl(parallelism=5, per_partition=1),
        item_seconds=0.05,
        column=null,
        of=lambda _: "",
    )
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(50)
        run = await sluice.ended(await sluice.start())
        assert run.succeeded == 50
    assert family.most_at_once()[""] == 5


async def test_one_that_comes_again_much_later_does_not_keep_its_partition_from_others(
    opener: Opener,
) -> None:
    def work(item_id: str, _ctx: Context) -> None:
        if item_id.endswith("1"):
            raise RetryAfter(timedelta(hours=1))
        if item_id.endswith("2"):
            raise ValueError("no luck")

    family = Tenants(FlowControl(per_partition=1), work=work, item_seconds=0)
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(50)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while (run := await sluice.run(run_id)).succeeded < 40 or run.failed < 5:
                await asyncio.sleep(0.05)
        assert (run.succeeded, run.failed, run.suspended) == (40, 5, 0)
    assert max(family.most_at_once().values()) == 1


async def test_a_pause_a_resume_and_a_cancel_lose_none(opener: Opener) -> None:
    family = Tenants(FlowControl(per_partition=1), item_seconds=0.02)
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(200)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while not family.done_at:
                await asyncio.sleep(0.01)
        for _ in range(3):
            await control_run(sluice, "pause", run_id)
            await asyncio.sleep(0.1)
            await control_run(sluice, "resume", run_id)
        assert (await sluice.ended(run_id)).succeeded == 200
        await assert_nothing_left(sluice, run_id)
        second = await sluice.start(force=True)
        await family.until_done(230)
        await control_run(sluice, "cancel", second)
        run = await sluice.ended(second)
        assert_exact(run, await sluice.items(second))
    assert run.status == RunStatus.CANCELLED
    assert run.cancelled > 0
    assert run.suspended == 0


async def test_what_the_queue_has_lost_is_made_good_and_what_is_miscounted_counted_anew(
    opener: Opener,
) -> None:
    family = Tenants(FlowControl(per_partition=1))
    async with opener(family) as sluice:
        await sluice.add_users(100)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_done(15)
        await sluice.sql("DELETE FROM sluice.message")
        await sluice.sql("UPDATE sluice.run_partition SET admitted = 7")
        reconciler = sluice.service.reconciler
        assert await reconciler.is_missing_messages(run_id)
        assert await reconciler.republish_missing(run_id) > 0
        rows = await sluice.sql("SELECT admitted FROM sluice.run_partition")
        assert [row[0] for row in rows] == [1] * 10
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 100
        await assert_nothing_left(sluice, run_id)
    assert max(family.most_at_once().values()) == 1


async def test_retried_items_keep_to_the_limits_as_well(opener: Opener) -> None:
    fails = True

    def work(_item: str, _ctx: Context) -> None:
        if fails:
            raise ValueError("no luck")

    family = Tenants(FlowControl(per_partition=1), work=work)
    family.attempts = 1  # type: ignore[misc]  # a class's, and here of one object
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(40)
        run = await sluice.ended(await sluice.start())
        assert run.failed == 40
        fails = False
        family.done_at.clear()
        again = await sluice.start(item_ids=[f"u{n:05}" for n in range(1, 41)], force=True)
        assert (await sluice.ended(again)).succeeded == 40
        await assert_nothing_left(sluice, again)
    assert max(family.most_at_once().values()) == 1


async def test_an_item_that_is_executed_alone_counts_for_its_partition(opener: Opener) -> None:
    family = Tenants(FlowControl(per_partition=1), item_seconds=0.1)
    async with opener(family) as sluice, sluice.worker(), sluice.worker():
        ids = await sluice.add_users(5)
        client, bound = sluice.service.client, sluice.bound()
        started = [
            await client.trigger_execute(bound, one, family.params(), started_by="test")
            for one in ids
        ]
        for one in started:
            assert (await sluice.ended(one.run_id)).succeeded == 1
    assert family.most_at_once() == {"0": 1}
