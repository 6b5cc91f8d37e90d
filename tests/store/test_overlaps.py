"""Which run of a family is under way, and which comes next."""

from __future__ import annotations

import asyncio

import pytest

from app.store.runs import overlap, transitions
from app.store.statuses import RunStage, RunStatus
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

RUNS = ("run_1", "run_2", "run_3")


async def insert(
    sluice: Sluice,
    run_id: str,
    status: RunStatus = RunStatus.PENDING,
    stage: RunStage = RunStage.WAITING,
    family: str = "recording",
) -> None:
    await sluice.sql(
        "INSERT INTO sluice.run (id, family, status, stage, params, force, started_by, finished_at)"
        " VALUES (:id, :family, :status, :stage, '{}', false, 'test',"
        " CASE WHEN CAST(:status AS text) IN ('succeeded', 'cancelled') THEN now() END)",
        id=run_id,
        family=family,
        status=status,
        stage=stage,
    )


async def active(sluice: Sluice) -> str | None:
    async with sluice.service.database.connect() as connection:
        found = await overlap.active(connection, "recording")
    return None if found is None else found.run_id


async def take_next(sluice: Sluice) -> str | None:
    async with sluice.service.database.begin() as tx:
        taken = await overlap.take_next(tx, "recording")
    return None if taken is None else taken[0]


async def test_a_family_without_runs_has_neither_an_active_nor_a_next_one(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await insert(sluice, "run_other", RunStatus.RUNNING, RunStage.FULL, family="another")
        await insert(sluice, "run_ended", RunStatus.SUCCEEDED, RunStage.FULL)
        assert await active(sluice) is None
        assert await take_next(sluice) is None


@pytest.mark.parametrize(
    "status", [RunStatus.PENDING, RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.CANCELLING]
)
async def test_a_run_is_active_until_it_has_ended(opener: Opener, status: RunStatus) -> None:
    async with opener(Recording()) as sluice:
        await insert(sluice, "run_1", status, RunStage.FULL)
        await insert(sluice, "run_2")
        assert await active(sluice) == "run_1"
        assert await take_next(sluice) is None
        await sluice.sql(
            "UPDATE sluice.run SET status = 'cancelled', finished_at = now() WHERE id = 'run_1'"
        )
        assert await active(sluice) is None
        assert await take_next(sluice) == "run_2"


async def test_the_oldest_waiting_run_is_next_and_then_it_is_active(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        for run_id in reversed(RUNS):
            await insert(sluice, run_id)
        assert await active(sluice) is None  # they merely wait
        assert await take_next(sluice) == "run_1"
        assert await active(sluice) == "run_1"
        assert await take_next(sluice) is None


async def test_a_run_paused_while_it_waits_holds_up_those_behind_it_and_none_before_it(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await insert(sluice, "run_1")
        await insert(sluice, "run_2", RunStatus.PAUSED)
        await insert(sluice, "run_3")
        assert await take_next(sluice) == "run_1"
        await sluice.sql(
            "UPDATE sluice.run SET status = 'succeeded', finished_at = now() WHERE id = 'run_1'"
        )
        assert await take_next(sluice) is None
        await sluice.sql("UPDATE sluice.run SET status = 'pending' WHERE id = 'run_2'")
        assert await take_next(sluice) == "run_2"


async def test_a_run_that_is_cancelled_at_the_moment_its_turn_comes_is_not_begun(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await insert(sluice, "run_1")
        async with sluice.service.database.begin() as tx:
            assert await transitions.cancel(tx, "run_1", who="test")
            taking = asyncio.create_task(take_next(sluice))
            async with asyncio.timeout(PATIENCE):
                while not await sluice.sql("SELECT 1 FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.01)
        assert await taking is None
        assert (await sluice.run("run_1")).stage == RunStage.WAITING


async def test_of_many_who_take_the_next_run_at_once_one_gets_it(opener: Opener) -> None:
    async with opener(Recording(), pool_size=12) as sluice:
        for run_id in RUNS:
            await insert(sluice, run_id)
        taken = await asyncio.gather(*(take_next(sluice) for _ in range(12)))
    assert sorted(run_id for run_id in taken if run_id) == ["run_1"]


async def test_the_lock_keeps_out_its_own_family_until_the_transaction_ends_and_no_other(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await insert(sluice, "run_1")
        async with sluice.service.database.begin() as tx:
            await overlap.lock(tx, "recording")
            async with sluice.service.database.begin() as other, asyncio.timeout(PATIENCE):
                await overlap.lock(other, "another")
            taking = asyncio.create_task(take_next(sluice))
            async with asyncio.timeout(PATIENCE):
                while not await _waits_for_a_lock(sluice):
                    await asyncio.sleep(0.01)
            assert not taking.done()
        assert await taking == "run_1"


async def _waits_for_a_lock(sluice: Sluice) -> bool:
    [(waiting,)] = await sluice.sql(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return bool(waiting)
