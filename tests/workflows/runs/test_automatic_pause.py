"""When a run stops by itself and asks."""

from __future__ import annotations

import re

from app.workflows.family import Context, Systemic
from tests.support.control import Asked, control, fail, kinds, paused, start
from tests.support.service import Opener, assert_exact


async def test_a_family_that_always_fails_is_paused_after_min_items_and_what_was_in_hand(
    opener: Opener,
) -> None:
    family = Asked(fail)
    async with opener(family, worker_concurrency=20) as sluice:
        await sluice.add_users(1_000)
        async with sluice.worker():
            run = await paused(sluice, run_id := await start(sluice, family))
        rows = await sluice.items(run_id)
        assert (await kinds(sluice, run_id))[-1] == "paused:failure_rate"
    assert run.reason == "failure_rate"
    assert re.match(r"(\d+) of \1 items failed, which is more than 50%", str(run.detail))
    assert 50 <= run.failed <= 50 + 20
    assert_exact(run, rows)


async def test_after_a_resume_only_what_comes_then_is_judged(opener: Opener) -> None:
    broken = True

    def work(item_id: str, ctx: Context) -> None:
        if broken:
            fail(item_id, ctx)

    family = Asked(work, min_items=10)
    async with opener(family, worker_concurrency=10) as sluice:
        await sluice.add_users(100)
        run_id = await start(sluice, family)
        async with sluice.worker():
            former = await paused(sluice, run_id)
            broken = False
            await control(sluice, "resume", run_id)
            run = await sluice.ended(run_id)
    assert (run.status, run.failed, run.succeeded) == (
        "partial",
        former.failed,
        100 - former.failed,
    )


async def test_a_failure_rate_that_is_allowed_pauses_nothing(opener: Opener) -> None:
    family = Asked(fail, max_failure_rate=1.0)
    async with opener(family) as sluice:
        await sluice.add_users(80)
        async with sluice.worker():
            run = await sluice.ended(await start(sluice, family))
    assert (run.status, run.failed) == ("failed", 80)


async def test_a_systemic_error_pauses_at_once_and_its_items_stay_to_be_done(
    opener: Opener,
) -> None:
    refused = True

    def work(item_id: str, ctx: Context) -> None:
        if refused:
            raise Systemic("API key refused")

    family = Asked(work)
    async with opener(family, worker_concurrency=5) as sluice:
        await sluice.add_users(200)
        run_id = await start(sluice, family)
        async with sluice.worker():
            run = await paused(sluice, run_id)
            assert (run.reason, run.detail) == ("systemic", "API key refused")
            assert (run.failed, run.ended) == (0, 0)
            assert sum(family.executed.values()) <= 5
            assert {item.attempts for item in await sluice.items(run_id)} == {0}
            refused = False
            await control(sluice, "resume", run_id)
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
    assert (run.status, run.succeeded) == ("succeeded", 200)
    assert_exact(run, rows)


async def test_a_service_says_that_an_error_is_systemic_without_knowing_the_contract(
    opener: Opener,
) -> None:
    class Refused(Exception):
        systemic = True

    def work(item_id: str, ctx: Context) -> None:
        raise Refused("401")

    family = Asked(work)
    async with opener(family) as sluice:
        await sluice.add_users(3)
        async with sluice.worker():
            run = await paused(sluice, await start(sluice, family))
    assert (run.reason, run.detail) == ("systemic", "401")
