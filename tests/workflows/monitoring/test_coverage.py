"""How many of the eligible have a result: recorded by runs, and by the day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.store.database import reading
from app.store.monitoring import coverage
from app.store.monitoring.coverage import CoverageRecord
from app.workflows.family import Context, FamilyParams, JobFamily, Skip
from tests.support.families import Beside, Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.backfills.cut import ByDay


async def days(sluice: Sluice) -> list[tuple[int, int, bool]]:
    async with reading(sluice.service.database) as connection:
        found = await coverage.days(connection, sluice.bound().name)
    return [(one.eligible, one.with_result, one.exact) for one in found]


async def test_a_run_records_what_it_left_behind(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(20)
        family.done = {"u00001", "u00002"}
        await sluice.ended(await sluice.start(limit=5))
        assert await days(sluice) == [(20, 7, True)]
        await sluice.ended(await sluice.start())
        assert await days(sluice) == [(20, 20, True)]  # of one day, the latest
        await sluice.ended(await sluice.start())
        assert await days(sluice) == [(20, 20, True)]


async def test_what_failed_or_was_skipped_has_no_result(opener: Opener) -> None:
    def work(item_id: str, _ctx: Context) -> None:
        if item_id == "u00001":
            raise Skip("not now")
        if item_id == "u00002":
            raise ValueError("no luck")

    async with opener(Recording(work)) as sluice, sluice.worker():
        await sluice.add_users(5)
        await sluice.ended(await sluice.start())
        assert await days(sluice) == [(5, 3, True)]


PARTS: list[dict[str, Any]] = [  # as ProcessRequest takes them
    {"force": True},
    {"item_ids": ["u00001"]},
]


@pytest.mark.parametrize("part", PARTS)
async def test_a_run_that_does_not_know_records_nothing(
    opener: Opener, part: dict[str, Any]
) -> None:
    async with opener(Recording()) as sluice, sluice.worker():
        await sluice.add_users(3)
        await sluice.ended(await sluice.start(**part))
        assert await days(sluice) == []


class Without(Recording):
    """Does not tell what has a result."""

    existing = JobFamily.existing  # type: ignore[assignment]  # as if it had not been written


async def test_a_family_that_does_not_tell_what_exists_has_no_coverage(opener: Opener) -> None:
    async with opener(Without()) as sluice, sluice.worker():
        await sluice.add_users(3)
        await sluice.ended(await sluice.start())
        assert await days(sluice) == []
        survey = sluice.service.api.coverage
        assert await survey.now(sluice.bound(), FamilyParams()) is None


async def test_a_run_with_params_of_its_own_is_not_the_familys_coverage(opener: Opener) -> None:
    async with opener(ByDay()) as sluice, sluice.worker():
        await sluice.add_users(3)
        await sluice.ended(
            await sluice.start(params=ByDay.params.model_validate({"day": "2026-01-01"}))
        )
        assert await days(sluice) == []


async def test_runs_that_end_at_the_same_time_do_not_hinder_each_other(opener: Opener) -> None:
    async with opener(Beside(), pool_size=8) as sluice, sluice.worker(), sluice.worker():
        await sluice.add_users(30)
        ids = [await sluice.start() for _ in range(6)]
        for run_id in ids:
            await sluice.ended(run_id)
        [(eligible, with_result, exact)] = await days(sluice)
        assert (eligible, exact) == (30, True)
        assert with_result <= 30


async def yesterday(sluice: Sluice) -> None:
    await sluice.sql("UPDATE sluice.coverage SET day = day - 1")


async def test_a_day_without_a_run_is_counted_once(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        async with sluice.worker():
            await sluice.add_users(4)
            await sluice.ended(await sluice.start())
        await yesterday(sluice)
        family.asked.clear()
        family.done.discard("u00001")
        survey = sluice.service.api.coverage
        for _ in range(3):
            await survey.look()
        assert await days(sluice) == [(4, 4, True), (4, 3, True)]
        assert len(family.asked) == 1


async def test_a_worker_counts_such_a_day_by_itself_and_of_several_one_does(
    opener: Opener,
) -> None:
    family = Recording()
    async with opener(family, watchdog_seconds=0.1) as sluice:
        await sluice.add_users(4)
        bound = sluice.bound()
        async with sluice.service.database.begin() as tx:
            await coverage.record(tx, bound.name, CoverageRecord(9, 1, exact=False))
        await yesterday(sluice)
        async with sluice.worker(), sluice.worker(), asyncio.timeout(PATIENCE):
            while len(await days(sluice)) < 2:
                await asyncio.sleep(0.02)
        assert await days(sluice) == [(9, 1, False), (4, 0, True)]
        assert len(family.asked) == 1


async def test_days_of_long_ago_are_left_out_and_their_families_alone(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        async with sluice.service.database.begin() as tx:
            await coverage.record(tx, "recording", CoverageRecord(9, 1, exact=True))
        await sluice.sql("UPDATE sluice.coverage SET day = day - 90")
        assert await days(sluice) == []
        async with reading(sluice.service.database) as connection:
            assert await coverage.due(connection) == []


class Slow(Recording):
    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        await asyncio.sleep(0.05)
        return await super().existing(ids, params, ctx)


async def test_a_count_whose_time_is_over_is_extrapolated(opener: Opener) -> None:
    family = Slow()
    async with opener(family, dry_run_budget=0) as sluice:
        users = await sluice.add_users(2_500)
        family.done = set(users[::2])
        found = await sluice.service.api.coverage.now(sluice.bound(), FamilyParams())
        assert found == CoverageRecord(2_500, 1_250, exact=False)
