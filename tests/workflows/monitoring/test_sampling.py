"""The course of a run: sampled while it moves, thinned as it grows, and gone with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.store import retention
from app.store.monitoring import samples
from app.store.monitoring.samples import Sample
from app.store.runs.events import Pause
from app.store.tables.runs import Run
from app.workflows.monitoring.run_sampler import RunSampler
from app.workflows.monitoring.run_timeline import timeline
from tests.support.families import Beside
from tests.support.held import Held
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

SOON = 0.1
"""Seconds between two passes of the watchdog."""
BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def sampled(sluice: Sluice, run_id: str) -> list[Sample]:
    async with sluice.service.database.connect() as connection:
        return await samples.of_run(connection, run_id)


async def counted(sluice: Sluice, succeeded: int) -> None:
    await sluice.sql(
        "UPDATE sluice.run SET status = 'running', started_at = created_at, scheduled = 1000,"
        " succeeded = :succeeded",
        succeeded=succeeded,
    )


async def test_a_worker_samples_the_runs_that_move(opener: Opener) -> None:
    family = Held()
    async with opener(family, watchdog_seconds=SOON) as sluice, api(sluice) as caller:
        await sluice.add_users(20)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_inside(20)
            async with asyncio.timeout(PATIENCE):
                while not await sampled(sluice, run_id):
                    await asyncio.sleep(0.02)
            family.let_go.set()
            await sluice.ended(run_id)
        points = (await caller.get(f"/api/runs/{run_id}/history")).json()["points"]
    assert points[0]["scheduled"] == 0
    assert (points[0]["itemsPerSecond"], points[0]["meanMs"]) == (None, None)
    assert any(p["scheduled"] > 0 and p["succeeded"] == 0 for p in points)
    last = points[-1]
    assert (last["succeeded"], last["timedOut"], last["suspended"]) == (20, 0, 0)
    assert last["itemsPerSecond"] > 0
    assert last["meanMs"] > 0
    assert [p["at"] for p in points] == sorted(p["at"] for p in points)


async def test_a_run_that_was_over_between_two_passes_has_a_course(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        run_id = await sluice.start()
        pending = (await caller.get(f"/api/runs/{run_id}/history")).json()
        assert pending == {"success": True, "points": []}
        async with sluice.worker():
            await sluice.ended(run_id)
        points = (await caller.get(f"/api/runs/{run_id}/history")).json()["points"]
        assert [point["succeeded"] for point in points] == [0, 3]
        assert_problem(await caller.get("/api/runs/run_none/history"), 404)


async def test_a_run_that_stands_still_is_written_when_it_moves_again(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        run_id = await sluice.start()
        sampler = RunSampler(sluice.service.database)
        await sampler.look()
        assert await sampled(sluice, run_id) == []
        await counted(sluice, 1)
        for _ in range(5):
            await sampler.look()
        assert [s.succeeded for s in await sampled(sluice, run_id)] == [1]
        await counted(sluice, 7)
        await sampler.look()
        found = await sampled(sluice, run_id)
        assert [s.succeeded for s in found] == [1, 1, 7]
        # As it still stood at the pass before, and not when it was first seen so.
        assert found[2].at - found[1].at < found[2].at - found[0].at


async def test_a_long_run_has_few_samples_spread_over_its_time(opener: Opener) -> None:
    # Connections of its own: a plan that was made for few samples is no plan for those of days that
    # are all written at once.
    async with replace(opener, kept=None)(Beside()) as sluice:
        run_id = await sluice.start()
        for hours in (1, 3, 12, 48):
            # Every five seconds since the last of them.
            await sluice.sql(
                "INSERT INTO sluice.run_sample SELECT :id, at, 9, 9, 0, 0, 0, 0, 0, 0"
                " FROM generate_series("
                "  (SELECT coalesce(max(at) + interval '5 s', '2026-01-01Z') FROM"
                " sluice.run_sample),"
                "  timestamptz '2026-01-01Z' + make_interval(hours => :hours),"
                "  interval '5 s') AS at",
                id=run_id,
                hours=hours,
            )
            async with sluice.service.database.begin() as tx:
                await samples.thin(tx, run_id)
            found = [sample.at for sample in await sampled(sluice, run_id)]
            assert 230 <= len(found) <= 401
            assert found[0] == datetime(2026, 1, 1, tzinfo=UTC)
            assert {b - a for a, b in pairwise(found[-100:])} == {timedelta(seconds=5)}
            gaps = [b - a for a, b in pairwise(found[:-100])]
            assert max(gaps) < timedelta(hours=hours) / 100


@pytest.mark.slow
async def test_samples_are_thinned_by_whoever_writes_them(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        run_id = await sluice.start()
        await sluice.sql(
            "INSERT INTO sluice.run_sample SELECT :id, now() - n * interval '5 s', 9, 9, 0, 0,"
            " 0, 0, 0, 0"
            " FROM generate_series(1, 420) AS n",
            id=run_id,
        )
        sampler = RunSampler(sluice.service.database)
        most = 0
        for number in range(160):
            await counted(sluice, number)
            await sampler.look()
            most = max(most, len(await sampled(sluice, run_id)))
        assert most <= samples.MOST


async def test_samples_are_deleted_with_their_run(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        run_id = await sluice.start()
        other = await sluice.start()
        for one in (run_id, other):
            await sluice.sql(
                "INSERT INTO sluice.run_sample SELECT :id, now(), 9, 9, 0, 0, 0, 0, 0, 0", id=one
            )
        await sluice.sql(
            "UPDATE sluice.run SET finished_at = now() - interval '9 days' WHERE id = :id",
            id=run_id,
        )
        assert await retention.prune(sluice.service.database, timedelta(days=7)) == 1
        assert await sampled(sluice, run_id) == []
        assert len(await sampled(sluice, other)) == 1


def test_pace_and_mean_are_of_the_time_since_the_point_before() -> None:
    def sample(seconds: int, succeeded: int, skipped: int, work_ms: int) -> Sample:
        return Sample(
            at=BEGAN + timedelta(seconds=seconds), scheduled=100,
            succeeded=succeeded, skipped=skipped, failed=0, timed_out=0, cancelled=0, suspended=0,
            work_ms=work_ms,
        )  # fmt: skip

    run = Run(
        id="run_1", family="f", started_by="ops", started_at=BEGAN,
        scheduled=100, succeeded=60, skipped=10, work_ms=9_000,
    )  # fmt: skip
    between = [sample(-5, 0, 0, 0), sample(10, 20, 0, 2_000), sample(20, 20, 10, 2_000)]
    points = timeline(run, between, [], BEGAN + timedelta(seconds=40))
    assert [(p.items_per_second, p.mean_ms) for p in points] == [
        (None, None),
        (2.0, 100.0),
        (1.0, None),
        (2.0, 175.0),
    ]
    assert points[-1].sample.at == BEGAN + timedelta(seconds=40)
    # The same with a pause from 12 to 18, one that holds a whole stretch but what was at work, and
    # one that lasts.
    paused = [(12, 18), (25, 39.9), (39.95, None)]
    pauses = [
        Pause(BEGAN + timedelta(seconds=a), None if b is None else BEGAN + timedelta(seconds=b))
        for a, b in paused
    ]
    points = timeline(run, between, pauses, BEGAN + timedelta(seconds=40))
    assert [p.items_per_second for p in points] == [None, 2.0, 2.5, 7.921]


async def test_a_pause_slows_no_pace_down_neither_in_the_course_nor_in_the_overview(
    opener: Opener,
) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        run_id = await sluice.start()
        # 10,000 items in a thousand seconds, a pause of a hundred hours in which 500 at work ended,
        # 2,000 in two hundred seconds. The seconds that the test itself takes are few beside these.
        await sluice.sql(
            "UPDATE sluice.run SET status = 'running', scheduled = 100000, succeeded = 12500,"
            " judged_from = 10500, started_at = now() - interval '361200 s',"
            " active_since = now() - interval '200 s', active_ms = 1000000"
        )
        await sluice.sql(
            "INSERT INTO sluice.run_event (run_id, at, kind, who) VALUES"
            " (:id, now() - interval '360200 s', 'paused', 'ops'),"
            " (:id, now() - interval '200 s', 'resumed', 'ops')",
            id=run_id,
        )
        await sluice.sql(
            "INSERT INTO sluice.run_sample SELECT :id, now() - interval '360300 s',"
            " 100000, 9000, 0, 0, 0, 0, 0, 0",
            id=run_id,
        )
        points = (await caller.get(f"/api/runs/{run_id}/history")).json()["points"]
        assert points[1]["itemsPerSecond"] == pytest.approx(10, rel=0.1)
        # 3,500 in the hundred seconds before the pause and the two hundred behind it.
        assert points[2]["itemsPerSecond"] == pytest.approx(35 / 3, rel=0.2)
        [shown] = (await caller.get("/api/overview")).json()["activeRuns"]
        assert shown["itemsPerSecond"] == pytest.approx(10, rel=0.2)
