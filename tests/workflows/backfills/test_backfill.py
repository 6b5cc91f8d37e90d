"""A backfill: one run for each partition, so many at once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pytest

from app.errors import BadInput, Conflict, InvalidTransition
from app.store.database import reading
from app.store.planning import backfill_history, backfills
from app.store.statuses import BackfillMode, PartitionStatus
from app.store.tables.backfills import Backfill
from app.workflows.contract.cron import Overlap
from app.workflows.family import Context, FamilyParams, Fatal, Partition
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, Traced, worker_process
from tests.support.service import Opener, Sluice
from tests.workflows.backfills.cut import ByDay, HeldByDay, PerDay, asked, begin

DAYS = [f"2026-01-0{day}" for day in range(1, 6)]


async def look(sluice: Sluice, backfill_id: str) -> Backfill:
    async with reading(sluice.service.database) as connection:
        return await backfills.get(connection, backfill_id)


async def ended(sluice: Sluice, backfill_id: str, *, within: float = PATIENCE) -> Backfill:
    async with asyncio.timeout(within):
        while (found := await look(sluice, backfill_id)).finished_at is None:
            await asyncio.sleep(0.02)
    return found


async def partitions(sluice: Sluice, backfill_id: str) -> dict[str, str]:
    """The status of each, by key, in the order in which they begin."""
    async with reading(sluice.service.database) as connection:
        found = await backfills.page_of_partitions(connection, backfill_id, after=-1, limit=1_000)
    return {one.key: one.status for one in found}


async def keys(sluice: Sluice, **more: object) -> list[str]:
    """Of the partitions that a backfill would run over now."""
    found = await sluice.service.api.backfills.dry_run(sluice.bound(), asked(**more))  # type: ignore[arg-type]
    return list(found.plan.runs)


async def test_a_partition_whose_run_cannot_begin_fails_and_the_others_go_on(
    opener: Opener,
) -> None:
    class NotOnTheThird(ByDay):
        async def ready(self, params: FamilyParams, ctx: Context) -> None:
            assert isinstance(params, PerDay)
            if params.day.day == 3:
                raise Fatal("That day is being imported.")

    async with opener(NotOnTheThird()) as sluice, sluice.worker():
        await sluice.add_users(2)
        backfill = await ended(sluice, backfill_id := await begin(sluice))
        assert backfill.status == "partial"
        assert await partitions(sluice, backfill_id) == {
            day: "failed" if day == DAYS[2] else "succeeded" for day in DAYS
        }
        [(reason, detail)] = await sluice.sql(
            "SELECT reason, detail FROM sluice.run WHERE status = 'failed'"
        )
        assert (reason, detail) == ("not_ready", "by-day is not ready: That day is being imported.")


async def test_each_partition_has_one_run_and_each_item_is_executed_once_in_it(
    opener: Opener,
) -> None:
    family = ByDay()
    async with opener(family) as sluice, sluice.worker():
        users = await sluice.add_users(7)
        backfill = await ended(sluice, backfill_id := await begin(sluice))
        assert backfill.status == "succeeded"
        assert await partitions(sluice, backfill_id) == dict.fromkeys(DAYS, "succeeded")
        assert family.days == Counter((day, user) for day in DAYS for user in users)
        runs = await sluice.sql(
            "SELECT params ->> 'day', status, started_by FROM sluice.run WHERE backfill_id = :id"
            " ORDER BY id",
            id=backfill_id,
        )
        assert [tuple(run) for run in runs] == [(day, "succeeded", "test") for day in DAYS]
        async with reading(sluice.service.database) as connection:
            items = await backfill_history.items(connection, backfill_id)
        assert (items["scheduled"], items["succeeded"], items["failed"]) == (35, 35, 0)


async def test_without_any_item_it_ends_all_the_same(opener: Opener) -> None:
    async with opener(ByDay()) as sluice, sluice.worker():
        backfill_id = await begin(sluice, until="2026-02-01", max_active=2)
        assert (await ended(sluice, backfill_id)).status == "succeeded"
        assert len(await partitions(sluice, backfill_id)) == 31


async def test_never_more_are_active_than_may_be(opener: Opener) -> None:
    most = 0

    async def work(_item: str, _ctx: Context) -> None:
        nonlocal most
        counts = (
            "SELECT count(*) FROM sluice.run WHERE backfill_id IS NOT NULL AND finished_at IS NULL"
        )
        most = max(most, (await sluice.sql(counts))[0][0])

    async with opener(ByDay(work), pool_size=8) as sluice, sluice.worker(), sluice.worker():
        await sluice.add_users(4)
        backfill_id = await begin(sluice, until="2026-01-21", max_active=3)
        assert (await ended(sluice, backfill_id)).status == "succeeded"
        assert most <= 3
        numbers = await sluice.sql("SELECT count(*), count(DISTINCT params) FROM sluice.run")
        assert tuple(numbers[0]) == (20, 20)


async def test_the_latest_comes_first_if_that_is_asked(opener: Opener) -> None:
    async with opener(ByDay()) as sluice:
        backfill_id = await begin(sluice, reverse=True, max_active=2)
        found = await partitions(sluice, backfill_id)
        assert list(found) == DAYS[::-1]
        assert list(found.values()) == ["active"] * 2 + ["waiting"] * 3


async def test_its_runs_stand_beside_other_runs_of_the_family(opener: Opener) -> None:
    family = HeldByDay()
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(1)
        day = PerDay(day=datetime(2026, 1, 1).date())  # noqa: DTZ001 - a day has no zone
        first = await sluice.start(params=day)
        backfill_id = await begin(sluice, max_active=2)
        await family.until_inside(1)
        with pytest.raises(Conflict, match=first):
            await sluice.start(params=day)
        family.let_go.set()
        assert (await ended(sluice, backfill_id)).status == "succeeded"
        assert (await sluice.ended(first)).status == "succeeded"


class InLineByDay(ByDay):
    name = "in-line"
    overlap = Overlap.QUEUE


async def test_a_family_that_queues_queues_nothing_behind_a_backfill(opener: Opener) -> None:
    async with opener(InLineByDay()) as sluice:
        backfill_id = await begin(sluice, max_active=2)
        day = PerDay(day=datetime(2026, 5, 1).date())  # noqa: DTZ001
        ids = [await sluice.start(params=day) for _ in range(2)]
        stages = [(await sluice.run(run_id)).stage for run_id in ids]
        assert stages == ["full", "waiting"]
        async with sluice.worker():
            assert (await sluice.ended(ids[1])).status == "succeeded"
            assert (await ended(sluice, backfill_id)).status == "succeeded"


def fail_on(*days: str) -> ByDay:
    class Failing(ByDay):
        attempts = 1
        max_failure_rate = None
        bad: tuple[str, ...] = days

        async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
            assert isinstance(params, PerDay)
            if params.day.isoformat() in self.bad:
                raise ValueError("no luck")
            if f"{params.day.isoformat()} {entity}" in self.bad:
                raise ValueError("no luck")
            return await super().execute(entity, params, ctx)

    return Failing()


async def test_what_fails_is_told_apart_and_the_others_go_on(opener: Opener) -> None:
    async with opener(fail_on("2026-01-02", "2026-01-04 u00001")) as sluice, sluice.worker():
        await sluice.add_users(2)
        backfill = await ended(sluice, backfill_id := await begin(sluice))
        assert backfill.status == "partial"
        statuses = ["succeeded", "failed", "succeeded", "partial", "succeeded"]
        assert list((await partitions(sluice, backfill_id)).values()) == statuses
        other = await begin(sluice, since="2026-01-02", until="2026-01-03")
        assert (await ended(sluice, other)).status == "failed"


async def test_which_partitions_it_is_for(opener: Opener) -> None:
    family = fail_on("2026-01-02", "2026-01-04 u00001")
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(2)
        assert await keys(sluice) == DAYS
        await ended(sluice, await begin(sluice, until="2026-01-05"))
        missing = ["2026-01-02", "2026-01-04", "2026-01-05"]
        assert await keys(sluice) == missing
        assert await keys(sluice, which=BackfillMode.ALL) == DAYS
        # One that succeeded once and failed since is not missing, but failed.
        await sluice.sql(
            "UPDATE sluice.run SET id = 'run_0', finished_at = now() - interval '1 day'"
            " WHERE params ->> 'day' = '2026-01-01'"
        )
        family.bad = ("2026-01-01",)  # type: ignore[attr-defined]  # of the class in fail_on
        again = await begin(sluice, until="2026-01-02", which=BackfillMode.ALL, force=True)
        assert (await ended(sluice, again)).status == "failed"
        assert await keys(sluice) == missing
        assert await keys(sluice, which=BackfillMode.MISSING_AND_FAILED) == ["2026-01-01", *missing]


async def test_only_a_run_over_the_whole_of_it_with_the_same_params_makes_a_partition_done(
    opener: Opener,
) -> None:
    async with opener(ByDay()) as sluice, sluice.worker():
        await sluice.add_users(2)
        day = PerDay(day=datetime(2026, 1, 1).date())  # noqa: DTZ001
        for part in ({"limit": 1}, {"item_ids": ["u00001"]}):
            await sluice.ended(await sluice.start(params=day, **part))
        assert await keys(sluice) == DAYS
        await sluice.ended(await sluice.start(params=day))
        assert await keys(sluice) == DAYS[1:]
        assert await keys(sluice, params={"paidOnly": True}) == DAYS
        # What an older version of the family did not know of does not make it other work.
        await sluice.sql("UPDATE sluice.run SET params = params - 'paidOnly'")
        assert await keys(sluice) == DAYS[1:]


async def test_what_was_done_is_known_when_its_runs_are_deleted(opener: Opener) -> None:
    async with opener(ByDay()) as sluice:
        await sluice.add_users(3)
        async with sluice.worker():
            backfill_id = await begin(sluice, until="2026-01-03")
            await ended(sluice, backfill_id)
        await sluice.sql("DELETE FROM sluice.run")
        assert await keys(sluice) == DAYS[2:]
        async with reading(sluice.service.database) as connection:
            items = await backfill_history.items(connection, backfill_id)
        assert items["succeeded"] == 6


async def test_a_dry_run_counts_and_writes_nothing(opener: Opener) -> None:
    family = ByDay()
    async with opener(family) as sluice:
        await sluice.add_users(4)
        family.made = {("2026-01-01", "u00001")}
        found = await sluice.service.api.backfills.dry_run(sluice.bound(), asked())
        assert (len(found.plan.runs), found.plan.done) == (5, 0)
        assert (found.total_eligible, found.to_process, found.exact) == (20, 19, True)
        assert (
            await sluice.sql("SELECT 1 FROM sluice.backfill UNION ALL SELECT 1 FROM sluice.run")
            == []
        )


async def test_a_dry_run_whose_time_is_over_extrapolates(opener: Opener) -> None:
    async with opener(ByDay(), dry_run_budget=0) as sluice:
        await sluice.add_users(4)
        found = await sluice.service.api.backfills.dry_run(sluice.bound(), asked())
        assert (found.counted, found.total_eligible, found.exact) == (1, 20, False)


async def test_paused_it_begins_no_partition_and_resumed_it_goes_on(opener: Opener) -> None:
    family = HeldByDay()
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(1)
        control = sluice.service.api.backfills
        backfill_id = await begin(sluice, max_active=1)
        await family.until_inside(1)
        for _ in range(2):
            assert (await control.pause(backfill_id, by="ops")).status == "paused"
        family.let_go.set()
        async with asyncio.timeout(PATIENCE):
            while (await partitions(sluice, backfill_id))[DAYS[0]] != "succeeded":
                await asyncio.sleep(0.02)
        assert list((await partitions(sluice, backfill_id)).values())[1:] == ["waiting"] * 4
        for _ in range(2):
            assert (await control.resume(backfill_id, by="ops")).status in ("running", "succeeded")
        assert (await ended(sluice, backfill_id)).status == "succeeded"
        for action in (control.pause, control.resume):
            with pytest.raises(InvalidTransition, match="is succeeded"):
                await action(backfill_id, by="ops")


async def test_cancelled_its_runs_end_and_nothing_begins(opener: Opener) -> None:
    family = HeldByDay()
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(3)
        control = sluice.service.api.backfills
        backfill_id = await begin(sluice, max_active=2)
        await family.until_inside(1)
        await control.cancel(backfill_id, by="ops")
        family.let_go.set()
        assert (await ended(sluice, backfill_id)).status == "cancelled"
        assert set((await partitions(sluice, backfill_id)).values()) == {"cancelled"}
        assert (await control.cancel(backfill_id, by="ops")).status == "cancelled"
        assert len(await sluice.sql("SELECT 1 FROM sluice.run")) == 2


async def test_a_family_has_one_backfill_at_a_time(opener: Opener) -> None:
    async with opener(ByDay(), pool_size=8) as sluice:
        outcomes = await asyncio.gather(*(begin(sluice) for _ in range(6)), return_exceptions=True)
        [first] = [one for one in outcomes if isinstance(one, str)]
        for other in outcomes:
            if other != first:
                assert isinstance(other, Conflict)
                assert other.more["activeBackfillId"] == first
        assert len(await sluice.sql("SELECT 1 FROM sluice.run")) == 3


async def test_what_nobody_began_the_watchdog_begins(opener: Opener) -> None:
    async with opener(ByDay(), watchdog_seconds=0.2) as sluice:
        await sluice.add_users(1)
        backfill_id = await begin(sluice, max_active=2)
        # As after a restore from a backup: runs have ended, or are not there, and nobody was told.
        await sluice.sql(
            "UPDATE sluice.run SET status = 'succeeded', finished_at = now()"
            " WHERE id = (SELECT min(id) FROM sluice.run)"
        )
        await sluice.sql("DELETE FROM sluice.run WHERE id = (SELECT max(id) FROM sluice.run)")
        async with sluice.worker():
            assert (await ended(sluice, backfill_id)).status == "partial"
        found = list((await partitions(sluice, backfill_id)).values())
        assert found == ["succeeded", "cancelled", "succeeded", "succeeded", "succeeded"]


class ByRange(Recording):
    """Cut by hand, in ranges of ids."""

    name = "by-range"

    class Range(FamilyParams):
        first: str
        last: str

    params = Range

    def partitions(self, since: datetime, until: datetime) -> Sequence[Partition]:
        return [
            Partition(f"{n}", {"first": f"u0000{n}", "last": f"u0000{n + 1}"}) for n in (1, 3, 5)
        ]


async def test_a_family_may_cut_its_work_by_hand(opener: Opener) -> None:
    async with opener(ByRange()) as sluice, sluice.worker():
        backfill_id = await begin(sluice)
        assert (await ended(sluice, backfill_id)).status == "succeeded"
        assert await keys(sluice) == []
        rows = await sluice.sql("SELECT params ->> 'first' FROM sluice.run ORDER BY 1")
        assert [row[0] for row in rows] == ["u00001", "u00003", "u00005"]


async def test_what_cannot_be_cut_is_refused(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        with pytest.raises(BadInput, match="has no partitions"):
            await begin(sluice)
    refused: list[dict[str, object]] = [
        {"since": "2026-01-06"},
        {"until": "2126-01-01"},
        {"params": {"day": "2026-01-01"}},
        {"params": {"colour": "red"}},
        {"params": {"paidOnly": "perhaps"}},
    ]
    async with opener(ByDay()) as sluice:
        for more in refused:
            with pytest.raises(BadInput):
                await begin(sluice, **more)
        assert await sluice.sql("SELECT 1 FROM sluice.backfill") == []


async def test_two_ends_at_the_same_time_begin_one_partition_each(opener: Opener) -> None:
    """By two workers, whose outcomes come in groups: neither waits for the other for ever."""
    async with (
        opener(ByDay(), pool_size=8) as sluice,
        sluice.worker(),
        sluice.worker(),
    ):
        await sluice.add_users(2)
        backfill_id = await begin(sluice, until="2026-02-20", max_active=20)
        backfill = await ended(sluice, backfill_id)
        assert backfill.status == "succeeded"
        async with reading(sluice.service.database) as connection:
            counts = await backfills.counts(connection, [backfill_id])
        assert counts[backfill_id][PartitionStatus.SUCCEEDED] == 50
        assert len(await sluice.sql("SELECT 1 FROM sluice.run")) == 50


class TracedInParts(Traced):
    """As the worker processes know it, and cut in parts."""

    def partitions(self, since: datetime, until: datetime) -> Sequence[Partition]:
        return [Partition(f"part {n}", {}) for n in range(8)]


@pytest.mark.slow
async def test_workers_that_are_killed_lose_no_partition_and_begin_none_twice(
    opener: Opener,
) -> None:
    async with opener(TracedInParts()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(20)
        prefix = opener.settings.redis_prefix
        backfill_id = await begin(sluice, which=BackfillMode.ALL, max_active=2)
        for deaths in (1, 2):
            async with worker_process(opener.urls, prefix, item_seconds=0.01) as mortal:
                async with asyncio.timeout(PATIENCE):
                    while len(await sluice.sql("SELECT 1 FROM execution")) < 30 * deaths:
                        await asyncio.sleep(0.005)
                await mortal.kill()
        async with worker_process(opener.urls, prefix):
            assert (await ended(sluice, backfill_id)).status == "succeeded"
        runs = await sluice.sql("SELECT status, succeeded FROM sluice.run")
        assert [tuple(run) for run in runs] == [("succeeded", 20)] * 8
        own = await sluice.sql("SELECT count(DISTINCT run_id) FROM sluice.backfill_partition")
        assert own[0][0] == 8
