"""What counts as done where a family leaves it to Sluice, and what is remembered."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import Select
from sqlmodel import select
from structlog.typing import EventDict

from app.store.items.failures import RetrySelection
from app.store.statuses import ItemStatus
from app.store.tables.runs import Run
from app.workflows.family import (
    Context,
    Entity,
    FamilyEntity,
    FamilyParams,
    Fatal,
    FinishedRun,
    JobFamily,
    Remembered,
    RetryAfter,
    Skip,
)
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.users import User
from tests.workflows.memory.remembering import Beside, Params, Remembering, age, remembered


async def run(sluice: Sluice, **request: Any) -> Run:  # as Sluice.start takes them
    run_id = await sluice.start(**request)
    async with sluice.worker():
        return await sluice.ended(run_id)


async def counted(sluice: Sluice, **request: Any) -> tuple[int | None, ...]:  # likewise
    """How many a dry run would process, how many it takes for done, and how many for stale."""
    found = await sluice.dry_run(**request)
    return found.to_process, found.already_processed, found.stale


async def test_what_a_run_has_ended_well_is_left_alone_by_the_next_one(opener: Opener) -> None:
    family = Remembering()
    async with opener(family) as sluice:
        ids = await sluice.add_users(120)
        assert await counted(sluice) == (120, 0, 0)
        first = await run(sluice, limit=70)
        assert await remembered(sluice) == [(one, 1, first.id) for one in ids[:70]]
        assert await counted(sluice) == (50, 70, 0)
        second = await run(sluice)
        assert (second.already_processed, second.stale, second.succeeded) == (70, 0, 50)
        third = await run(sluice)
        assert (third.status, third.reason, third.scheduled) == ("succeeded", "all_processed", 0)
        assert set(family.executed.values()) == {1}


async def test_only_successes_are_remembered(opener: Opener) -> None:
    def work(user: str, ctx: Context) -> None:
        if user == "u00001":
            raise Skip("no interests")
        if user == "u00002":
            raise Fatal("no such model")

    def keep(user: str, ctx: Context) -> None:
        if user == "u00003":
            raise ValueError("the disk is full")

    async with opener(Remembering(work=work, keep=keep)) as sluice:
        await sluice.add_users(5)
        ended = await run(sluice)
        assert (ended.succeeded, ended.skipped, ended.failed) == (2, 1, 2)
        assert [row[0] for row in await remembered(sluice)] == ["u00004", "u00005"]
        assert await counted(sluice) == (3, 2, 0)


async def test_a_success_at_a_later_attempt_is_remembered_like_any_other(opener: Opener) -> None:
    def work(user: str, ctx: Context) -> None:
        if ctx.attempt == 1 and user == "u00001":
            raise ValueError("once")

    async with opener(Remembering(work=work)) as sluice:
        await sluice.add_users(2)
        ended = await run(sluice)
        assert await remembered(sluice) == [("u00001", 1, ended.id), ("u00002", 1, ended.id)]


async def test_pruned_runs_are_remembered_all_the_same(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.add_users(3)
        await run(sluice)
        for table in ("item", "run_event", "run"):
            await sluice.sql(f"DELETE FROM sluice.{table}")  # noqa: S608 - of ours
        assert await counted(sluice) == (0, 3, 0)


async def test_a_result_counts_for_as_long_as_the_family_says(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.add_users(3)
        await run(sluice)
        await age(sluice, 29.9)
        assert await counted(sluice) == (0, 3, 0)
        await age(sluice, 0.2)
        assert await counted(sluice) == (3, 0, 0)
        again = await run(sluice)
        assert again.succeeded == 3
        assert await remembered(sluice) == [(f"u0000{n}", 1, again.id) for n in (1, 2, 3)]
        assert await counted(sluice) == (0, 3, 0)


async def test_without_a_time_a_result_counts_for_good(opener: Opener) -> None:
    class ForGood(Remembering):
        existing = Remembered(by=("locale",))

    async with opener(ForGood()) as sluice:
        await sluice.add_users(3)
        await run(sluice)
        await age(sluice, 20_000)
        assert await counted(sluice) == (0, 3, 0)


async def test_results_are_told_apart_by_the_params_that_are_named_and_no_others(
    opener: Opener,
) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.add_users(4)
        await run(sluice, params=Params(locale="en"), limit=3)
        assert await counted(sluice, params=Params(locale="de")) == (4, 0, 0)
        assert await counted(sluice, params=Params(locale="en", tone="warm")) == (1, 3, 0)
        german = await run(sluice, params=Params(locale="de"))
        assert german.succeeded == 4
        assert await counted(sluice, params=Params(locale="de")) == (0, 4, 0)
        assert await counted(sluice, params=Params(locale="en")) == (1, 3, 0)


async def test_of_another_version_a_result_is_stale_and_made_anew(
    opener: Opener, logged: list[EventDict]
) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.add_users(4)
        await run(sluice, limit=3)
    async with opener(Remembering(version=2)) as sluice:
        assert await counted(sluice) == (4, 0, 3)
        assert await counted(sluice, limit=1) == (1, 0, 3)
        ended = await run(sluice, limit=2)
        assert (ended.to_process, ended.already_processed, ended.stale) == (2, 0, 3)
        assert await counted(sluice) == (2, 2, 1)
        assert not [one for one in logged if one["event"] == "version_lowered"]
    async with opener(Remembering()) as sluice:  # somebody went back
        [told] = [one for one in logged if one["event"] == "version_lowered"]
        assert (told["family"], told["version"], told["former"]) == ("remembering", 1, 2)
        assert await counted(sluice) == (3, 1, 2)
        await run(sluice)
        assert await counted(sluice) == (0, 4, 0)


async def test_what_is_stale_and_too_old_is_not_told(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.add_users(2)
        await run(sluice)
        await age(sluice, 31)
    async with opener(Remembering(version=2)) as sluice:
        assert await counted(sluice) == (2, 0, 0)


async def test_force_overwrites_what_is_remembered_and_tells_how_much(opener: Opener) -> None:
    family = Remembering()
    async with opener(family) as sluice:
        await sluice.add_users(5)
        await run(sluice, limit=3)
        found = await sluice.dry_run(force=True)
        assert (found.to_process, found.already_processed, found.to_overwrite) == (5, 0, 3)
        assert found.stale is None
        forced = await run(sluice, force=True)
        assert (forced.succeeded, forced.to_overwrite, forced.stale) == (5, 3, None)
        assert {row[2] for row in await remembered(sluice)} == {forced.id}
        assert family.executed["u00001"] == 2


async def test_a_retry_of_what_failed_is_remembered(opener: Opener) -> None:
    broken = {"u00002"}

    def work(user: str, ctx: Context) -> None:
        if user in broken:
            raise Fatal("not now")

    async with opener(Remembering(work=work)) as sluice:
        await sluice.add_users(3)
        first = await run(sluice)
        assert await counted(sluice) == (1, 2, 0)
        broken.clear()
        bound, which = sluice.bound(), RetrySelection()
        started = await sluice.service.client.retry(
            bound, first, which, started_by="test", once=None
        )
        async with sluice.worker():
            await sluice.ended(started.run_id)
        assert await remembered(sluice) == [
            ("u00001", 1, first.id),
            ("u00002", 1, started.run_id),
            ("u00003", 1, first.id),
        ]


async def test_a_cancelled_run_leaves_what_it_has_ended(opener: Opener) -> None:
    ready, go_on = asyncio.Event(), asyncio.Event()

    async def work(user: str, ctx: Context) -> None:
        if user > "u00002":
            ready.set()
            await go_on.wait()

    async with opener(Remembering(work=work)) as sluice:
        await sluice.add_users(4)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                await ready.wait()
                while (await sluice.run(run_id)).succeeded < 2:
                    await asyncio.sleep(0.01)
            await sluice.service.api.control.cancel(run_id, by="test")
            go_on.set()
            ended = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        well = [row.item_id for row in rows if row.status == ItemStatus.SUCCEEDED]
        assert ended.status == "cancelled"
        assert [row[0] for row in await remembered(sluice)] == well
        assert {"u00001", "u00002"} <= set(well)


async def test_two_runs_that_end_the_same_items_at_once_remember_each_once(
    opener: Opener,
) -> None:
    async with opener(Beside(), worker_concurrency=40) as sluice:
        ids = await sluice.add_users(300)
        runs = [await sluice.start(force=True) for _ in range(3)]
        async with sluice.worker():
            ended = [await sluice.ended(run_id) for run_id in runs]
        assert [one.succeeded for one in ended] == [300] * 3
        assert [row[0] for row in await remembered(sluice)] == ids
        assert {row[2] for row in await remembered(sluice)} <= set(runs)


async def test_what_an_earlier_version_left_of_an_item_makes_its_result_one_of_that_version(
    opener: Opener,
) -> None:
    """It was executed by the former code, and only saved by the new one."""

    def later(user: str, ctx: Context) -> None:
        raise RetryAfter(timedelta(hours=1))

    async with opener(Remembering(keep=later)) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start(item_ids=["u00001"])
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not await sluice.sql("SELECT 1 FROM sluice.item WHERE executed"):
                await asyncio.sleep(0.01)
    async with opener(Remembering(version=2)) as sluice:
        await sluice.sql("UPDATE sluice.item SET due_at = now()")
        await sluice.sql("UPDATE sluice.message SET due_at = now()")
        async with sluice.worker():
            await sluice.ended(run_id)
        assert await remembered(sluice) == [("u00001", 1, run_id)]
        assert await counted(sluice) == (2, 0, 1)


async def test_a_retry_that_goes_on_with_steps_of_an_earlier_version_makes_a_result_of_that_one(
    opener: Opener,
) -> None:
    async def written() -> str:
        return "by the former code"

    async def fail(user: str, ctx: Context) -> None:
        await ctx.run("write", written)
        raise Fatal("not now")

    async def go_on(user: str, ctx: Context) -> None:
        await ctx.run("write", written)

    async with opener(Beside(work=fail)) as sluice:
        await sluice.add_users(1)
        first = await run(sluice)
    async with opener(Beside(version=2, work=go_on)) as sluice:
        retry, bound = sluice.service.client.retry, sluice.bound()
        for fresh, version in ((False, 1), (True, 2)):
            started = await retry(
                bound, first, RetrySelection(), started_by="test", once=None, fresh=fresh
            )
            async with sluice.worker():
                await sluice.ended(started.run_id)
            assert await remembered(sluice) == [("u00001", version, started.run_id)]


async def test_coverage_counts_what_is_remembered(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.add_users(5)
        await run(sluice, limit=2)
        [day] = await sluice.sql("SELECT eligible, with_result, exact FROM sluice.coverage")
        assert tuple(day) == (5, 2, True)
        now = await sluice.service.api.coverage.now(sluice.bound(), Params())
        assert now is not None
        assert (now.eligible, now.with_result, now.exact) == (5, 2, True)


async def test_previews_remember_nothing(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.add_users(1)
        users = sluice.service.client.of(Remembering)
        assert (await users.preview("u00001")).result == "result of u00001"
        assert await remembered(sluice) == []
        await run(sluice)
        assert (await users.preview("u00001")).overwrites


async def test_what_has_no_row_is_not_remembered_and_neither_is_a_finish(opener: Opener) -> None:
    class Word(FamilyEntity):
        text: str

    class Finishing(JobFamily[FamilyParams, Word, str]):
        name = "finishing"
        entity = Entity("user", "users")
        invokes = Word
        existing = Remembered()

        def eligible(self, params: FamilyParams) -> Select[str]:
            return select(User.id)

        async def load(self, item_id: str, ctx: Context) -> Word:
            return Word(text=item_id)

        async def execute(self, entity: Word, params: FamilyParams, ctx: Context) -> str:
            return entity.text

        async def finish(self, run: FinishedRun[str], ctx: Context) -> int:
            return run.succeeded

    async with opener(Finishing()) as sluice:
        await sluice.add_users(2)
        ended = await run(sluice)
        handed = await run(sluice, entity=Word(text="made up"))
        assert (ended.succeeded, handed.succeeded) == (2, 1)
        assert await remembered(sluice) == [("u00001", 1, ended.id), ("u00002", 1, ended.id)]
        rows = await sluice.sql("SELECT DISTINCT status FROM sluice.item")
        assert [tuple(row) for row in rows] == [("succeeded",)]
        assert len(await sluice.sql("SELECT 1 FROM sluice.item")) > 3  # the finish is one


async def test_a_family_with_a_method_of_its_own_remembers_nothing_and_has_no_memory(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        ended = await sluice.played(3)
        assert ended.stale is None
        assert await sluice.sql("SELECT 1 FROM sluice.remembered") == []
        assert await sluice.sql("SELECT 1 FROM sluice.memory") == []


async def test_a_rename_takes_along_what_is_remembered(opener: Opener) -> None:
    class Renamed(Remembering):
        name = "recalling"
        rename = "remembering"

    async with opener(Remembering()) as sluice:
        await sluice.add_users(3)
        await run(sluice)
    async with opener(Renamed()) as sluice:
        assert await counted(sluice) == (0, 3, 0)
    async with opener(Remembering()) as sluice:  # a process of the former name, once more
        assert await counted(sluice) == (3, 0, 0)
        await sluice.sql("INSERT INTO tests.users VALUES ('u00004', 'Late', true, false)")
        await run(sluice, item_ids=["u00003", "u00004"])
    async with opener(Renamed()) as sluice:
        assert await counted(sluice) == (0, 4, 0)
