"""Whatever asks for a delay: it is neither so short that it hammers nor so long that it is none."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Select
from sqlmodel import col, select

from app.store.statuses import ItemStatus
from app.store.tables.items import Item
from app.workflows.failures.delays import LONGEST, SHORTEST, before_retry
from app.workflows.family import Backoff, Context, FamilyParams, RetryAfter
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.stepped import Stepped, items_at, remembered
from tests.support.users import User

CENTURIES = Backoff(initial=timedelta(days=90_000), longest=timedelta.max)


class TheirLimit(Exception):
    """Of somebody else's library, which took milliseconds for seconds."""

    retry_after = timedelta(days=3_000_000)


class Slow(Recording):
    backoff = CENTURIES


async def put_off(sluice: Sluice, run_id: str) -> Item:
    """The run's only item, once an attempt at it has failed."""
    async with sluice.worker(), asyncio.timeout(PATIENCE):
        while not (rows := await sluice.items(run_id)) or rows[0].error_message is None:
            await asyncio.sleep(0.02)
    return rows[0]


async def waits_about_a_year(sluice: Sluice) -> None:
    [(days, number)] = await sluice.sql(
        "SELECT extract(epoch FROM min(due_at) - now()) / 86400, count(*) FROM sluice.message"
    )
    assert number == 1
    assert 364 < days <= LONGEST.days


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (RetryAfter(timedelta.max, "busy"), "999,999,999"),
        (TheirLimit("busy"), "3,000,000"),
    ],
)
async def test_what_would_come_again_after_the_end_of_time_comes_again_after_a_year_and_says_so(
    opener: Opener, error: Exception, asked: str
) -> None:
    def work(item_id: str, ctx: Context) -> None:
        raise error

    family = Recording(work)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        row = await put_off(sluice, run_id)
        assert family.executed.total() == 1
        assert (row.status, row.attempts) == ("pending", 0)
        assert row.error_message == (
            f"busy (It asked to wait for {asked} days. It waits for 365, the longest.)"
        )
        await waits_about_a_year(sluice)


async def test_a_backoff_of_centuries_is_one_of_a_year_and_says_so(opener: Opener) -> None:
    def work(item_id: str, ctx: Context) -> None:
        raise ValueError("no luck")

    family = Slow(work)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        row = await put_off(sluice, run_id)
        assert (row.status, row.attempts, family.executed.total()) == ("pending", 1, 1)
        assert str(row.error_message).startswith("no luck (It asked to wait for ")
        await waits_about_a_year(sluice)


async def test_a_steps_backoff_of_centuries_is_one_of_a_year_and_says_so(opener: Opener) -> None:
    def fails() -> None:
        raise ValueError("no luck")

    async def script(item: str, ctx: Context) -> object:
        return await ctx.run("try", fails, attempts=3, backoff=CENTURIES)

    async with opener(Stepped(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        [step] = await remembered(sluice, run_id)
        assert (step.status, step.tries) == ("waiting", 1)
        assert str(step.error_message).startswith("no luck (It asked to wait for ")
        await waits_about_a_year(sluice)


@pytest.mark.parametrize(
    ("wait", "says"),
    [
        (lambda ctx: ctx.sleep("nap", timedelta.max), "The delay of step 'nap' is 999,999,999"),
        (lambda ctx: ctx.sleep("nap", 5), "The delay of step 'nap' is a timedelta"),
        (
            lambda ctx: ctx.suspend("ask", timeout=timedelta(days=366)),
            "The timeout of step 'ask' is 366 days",
        ),
        (lambda ctx: ctx.suspend("ask", timeout=3600), "The timeout of step 'ask' is a timedelta"),
    ],
)
async def test_a_step_that_would_wait_for_longer_than_anything_is_refused_by_its_name(
    opener: Opener, wait: object, says: str
) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await wait(ctx)  # type: ignore[operator]  # whatever an author may write

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class, family.executed.total()) == ("failed", "StepMisused", 1)
    assert says in str(row.error_message)


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(days=-1), timedelta.min])
async def test_a_moment_that_has_just_passed_is_no_reason_to_hammer(
    opener: Opener, passed: timedelta
) -> None:
    times: list[float] = []

    def work(item_id: str, ctx: Context) -> None:
        times.append(time.monotonic())
        if len(times) < 3:
            raise RetryAfter(passed)

    async with opener(Recording(work)) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
    assert (row.status, row.attempts, row.postponements) == ("succeeded", 1, 2)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.5


async def test_a_backoff_of_nothing_is_no_reason_to_hammer(opener: Opener) -> None:
    times: list[float] = []

    class Eager(Stepped):
        attempts = 2
        backoff = Backoff(initial=timedelta(0))

    def fails() -> None:
        times.append(time.monotonic())
        raise ValueError("no luck")

    async def script(item: str, ctx: Context) -> object:
        return await ctx.run("try", fails, attempts=2, backoff=Backoff(initial=timedelta(days=-9)))

    async with opener(Eager(script)) as sluice:
        run = await sluice.played()
    assert (run.failed, len(times)) == (1, 4)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.5


@pytest.mark.parametrize("passed", [timedelta(0), timedelta(days=-1), timedelta.min])
async def test_a_sleep_until_a_moment_that_has_passed_is_over_at_once(
    opener: Opener, passed: timedelta
) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep("nap", passed)

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played(5)
        [step] = await remembered(sluice, run.id)
    assert (run.succeeded, step.status, family.executed.total()) == (5, "done", 5)
    assert step.due_at is None  # and so there was nothing to wait for


async def test_a_page_that_is_to_be_read_after_the_end_of_time_is_read_after_a_year(
    opener: Opener,
) -> None:
    class Busy(Recording):
        def eligible(self, params: FamilyParams) -> Select[str]:
            return select(User.id).where(col(User.active))

        async def existing(self, *rest: object) -> set[str]:
            raise RetryAfter(timedelta.max)

    async with opener(Busy()) as sluice:
        await sluice.add_users(1)
        await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not await sluice.sql("SELECT 1 FROM sluice.message WHERE due_at > now()"):
                await asyncio.sleep(0.02)
        await waits_about_a_year(sluice)


async def test_a_retry_after_that_is_no_timedelta_is_told(opener: Opener) -> None:
    def work(item_id: str, ctx: Context) -> None:
        raise RetryAfter(30)  # type: ignore[arg-type]  # whatever an author may write

    async with opener(Recording(work)) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class) == ("failed", "TypeError")
    assert "RetryAfter takes a timedelta" in str(row.error_message)


def test_retries_that_are_asked_for_at_once_do_not_come_together() -> None:
    delays = [before_retry(timedelta(0), chance) for chance in (0.0, 0.5, 0.999)]
    assert delays == sorted(set(delays))
    assert SHORTEST / 2 <= delays[0] < delays[-1] <= SHORTEST * 1.5


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e300, -3.0, 0.0])
@pytest.mark.parametrize("failures", [1, 2, 3, 5_000])
def test_no_backoff_is_beyond_what_can_be_waited_for(factor: float, failures: int) -> None:
    backoff = Backoff(factor=factor, longest=timedelta.max)
    assert timedelta(0) < before_retry(backoff.delay(failures, 0.9), 0.9) <= LONGEST


def test_a_backoff_of_seconds_that_are_a_number_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="A Backoff's initial is a timedelta"):
        Backoff(initial=5)  # type: ignore[arg-type]  # whatever an author may write
