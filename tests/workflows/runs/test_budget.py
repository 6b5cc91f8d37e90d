"""What a run may spend, and what it is said to cost."""

from __future__ import annotations

import pytest

from app.errors import Conflict
from app.workflows.contract.run_options import options_of
from app.workflows.family import Context, Cost, FamilyParams, Skip
from tests.support.control import Asked, control, fail, paused, start
from tests.support.service import Opener


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
            assert str(run.detail).startswith(
                "The run has spent its budget of 5.00 USD, and what is at work may add to it."
            )
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
