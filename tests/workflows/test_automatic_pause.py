"""When a run stops by itself and asks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from app.errors import Conflict
from app.store.tables import Run
from app.workflows.family import Context, Cost, FamilyParams, Flow, FlowControl, Skip, Systemic
from app.workflows.options import RunOptions, options_of
from tests.support.families import Recording
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.test_run_control import control, kinds


async def paused(sluice: Sluice, run_id: str, *, within: float = 20) -> Run:
    """The run once it is paused, and nothing of it is in hand."""
    async with asyncio.timeout(within):
        while (await sluice.run(run_id)).status != "paused" or await sluice.queued():
            await asyncio.sleep(0.02)
    return await sluice.run(run_id)


class Asked(Recording):
    """Fails, skips or spends as the test says."""

    attempts = 1

    def __init__(self, work: Callable[[str, Context], object], **asked: Any) -> None:
        super().__init__(work)
        self.options: RunOptions = options_of(self, **asked)


async def start(sluice: Sluice, family: Asked, **more: Any) -> str:
    return await sluice.start(options=family.options, **more)


def fail(item_id: str, ctx: Context) -> None:
    raise ValueError(f"no luck with {item_id}")


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


async def test_a_canary_is_spread_over_what_is_to_be_processed_and_then_asks(
    opener: Opener,
) -> None:
    family = Asked(lambda *_: None, canary=20)
    async with opener(family) as sluice:
        ids = await sluice.add_users(1_000)
        family.done = set(ids[:100])
        run_id = await start(sluice, family)
        async with sluice.worker():
            run = await paused(sluice, run_id)
            chosen = set(family.executed)
            assert (run.reason, run.succeeded, run.scheduled) == ("canary", 20, 20)
            assert "20 succeeded" in str(run.detail)
            # Not the first ones: by chance alone every half has some (1 in 10^5 that not).
            assert chosen & set(ids[100:550])
            assert chosen & set(ids[550:])
            assert not chosen & family.done - chosen
            await control(sluice, "resume", run_id)
            run = await sluice.ended(run_id)
        assert await kinds(sluice, run_id) == [
            "created", "begun", "paused:canary", "resumed", "ended:succeeded",
        ]  # fmt: skip
    assert (run.succeeded, run.scheduled) == (900, 900)
    assert set(family.executed.values()) == {1}


@pytest.mark.parametrize("share", [0, 5, 11])
async def test_a_healthy_canary_is_promoted_by_itself_and_a_sick_one_is_not(
    opener: Opener, share: int
) -> None:
    failed: set[str] = set()

    def work(item_id: str, ctx: Context) -> None:
        if len(failed) < share:
            failed.add(item_id)
            fail(item_id, ctx)

    family = Asked(work, canary=20, auto_promote=True)
    async with opener(family) as sluice:
        await sluice.add_users(100)
        run_id = await start(sluice, family)
        async with sluice.worker():
            if share > 10:
                assert (await paused(sluice, run_id)).reason == "canary"
                return
            run = await sluice.ended(run_id)
        assert "promoted" in await kinds(sluice, run_id)
    assert (run.ended, run.failed) == (100, share)


async def test_a_canary_as_large_as_the_run_does_not_stop_it(opener: Opener) -> None:
    family = Asked(lambda *_: None, canary=20)
    async with opener(family) as sluice:
        await sluice.add_users(20)
        async with sluice.worker():
            run = await sluice.ended(await start(sluice, family))
    assert (run.status, run.succeeded) == ("succeeded", 20)


async def test_a_budget_pauses_before_more_is_spent_than_what_was_in_hand(opener: Opener) -> None:
    def work(item_id: str, ctx: Context) -> None:
        ctx.spend(usd=0.25, tokens=10)

    family = Asked(work, budget={"usd": 5})
    async with opener(family, worker_concurrency=10) as sluice:
        await sluice.add_users(100)
        run_id = await start(sluice, family)
        async with sluice.worker():
            run = await paused(sluice, run_id)
            assert run.reason == "budget"
            assert 5 <= run.spent_usd <= 5 + 10 * 0.25
            assert run.spent_tokens == run.succeeded * 10
            with pytest.raises(Conflict, match="larger"):
                await control(sluice, "resume", run_id)
            more = options_of(family, budget={"tokens": 10_000})
            await sluice.service.api.control.resume(run_id, by="ops", options=more)
            run = await sluice.ended(run_id)
        spent = [item.spent_usd for item in await sluice.items(run_id)]
    assert (run.status, run.spent_usd, run.spent_tokens) == ("succeeded", 25.0, 1_000)
    assert spent == [0.25] * 100


async def test_what_a_failed_attempt_spent_counts_too(opener: Opener) -> None:
    def work(item_id: str, ctx: Context) -> None:
        ctx.spend(tokens=7)
        if ctx.attempt < 3:
            fail(item_id, ctx)
        raise Skip("at last")

    family = Asked(work)
    family.attempts = 3  # type: ignore[misc]
    async with opener(family) as sluice:
        await sluice.add_users(2)
        async with sluice.worker():
            run = await sluice.ended(await start(sluice, family))
    assert (run.skipped, run.spent_tokens) == (2, 42)


class Priced(Asked):
    def estimate_cost(self, params: FamilyParams) -> Cost:
        return Cost(usd=0.02, tokens=100)


async def test_an_estimate_of_the_cost_is_the_familys_own_or_what_earlier_runs_spent(
    opener: Opener,
) -> None:
    def work(item_id: str, ctx: Context) -> None:
        ctx.spend(usd=0.03)

    family = Priced(work)
    async with opener(family) as sluice:
        await sluice.add_users(10)
        found = (await sluice.dry_run()).estimate
        assert (found.usd, found.tokens, found.cost_basis) == (
            0.2, 1_000, "the family's estimate_cost",
        )  # fmt: skip
        async with sluice.worker():
            run = await sluice.ended(await start(sluice, family))
        assert run.estimate is not None
        assert (run.estimate["usd"], round(run.spent_usd, 6)) == (0.2, 0.3)
    plain = Asked(work)
    async with opener(plain) as sluice:
        found = (await sluice.dry_run()).estimate
        assert (found.usd, found.cost_basis) == (0.3, "what earlier runs spent an item")


class Ramped(Asked):
    flow = Flow(execute=FlowControl(parallelism=8))

    def __init__(self, **asked: Any) -> None:
        super().__init__(self._work, **asked)
        self.now = 0
        self.most: list[int] = []

    async def _work(self, item_id: str, ctx: Context) -> None:
        self.now += 1
        self.most.append(self.now)
        await asyncio.sleep(0.05)
        self.now -= 1


async def test_a_ramp_raises_the_runs_share_step_by_step(opener: Opener) -> None:
    family = Ramped(ramp={"start": 1, "factor": 2, "everySeconds": 1})
    async with opener(family) as sluice:
        await sluice.add_users(120)
        async with sluice.worker():
            run = await sluice.ended(await start(sluice, family))
    assert run.succeeded == 120
    assert max(family.most[:10]) == 1
    assert max(family.most[:30]) <= 2
    assert max(family.most) == 8
