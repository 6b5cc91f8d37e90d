"""What should not happen, and is counted when it does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.workflows.family import Context, FamilyParams
from app.workflows.worker.maintenance import Watchdog
from tests.metrics.scraping import scraped, until
from tests.metrics.test_door import SCRAPED
from tests.support.control import lone_item
from tests.support.families import Recording
from tests.support.service import Opener, Sluice


async def counts(sluice: Sluice, name: str, number: int, **labels: str) -> None:
    """Return once it does."""

    async def true() -> bool:
        return (await scraped(sluice)).value(name, family="recording", **labels) == number

    await until(true)


async def test_an_item_that_another_delivery_left_behind_is_taken_over(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice:
        run_id = await lone_item(sluice)
        await sluice.sql("UPDATE sluice.item SET claim = 999999999, claim_number = 1")
        async with sluice.worker():
            await sluice.ended(run_id)
        await counts(sluice, "sluice_item_takeovers_total", 1)
        await counts(sluice, "sluice_item_claims_total", 1)


async def test_an_outcome_that_comes_too_late_is_refused_and_counted_as_none(
    opener: Opener,
) -> None:
    taken: list[Sluice] = []

    async def work(item_id: str, ctx: Context) -> None:
        await taken[0].sql("UPDATE sluice.item SET claim_number = claim_number + 1")

    async with opener(Recording(work), **SCRAPED) as sluice:
        taken.append(sluice)
        await lone_item(sluice)
        async with sluice.worker():

            async def refused() -> bool:
                return (await scraped(sluice)).value("sluice_outcomes_refused_total") == 1

            await until(refused)
        found = await scraped(sluice)
        assert found.by("outcome", "sluice_items_total", family="recording") == {}


async def test_a_layer_that_fails_is_counted_and_its_next_try_is_none(opener: Opener) -> None:
    class Failing(Recording):
        async def existing(
            self, ids: Sequence[str], params: FamilyParams, ctx: Context
        ) -> set[str]:
            if not self.asked:
                self.asked.append(ids)
                raise ValueError("not yet")
            return set()

    async with opener(Failing(), **SCRAPED) as sluice:
        run = await sluice.played(3)
        assert run.succeeded == 3
        found = await scraped(sluice)
        failures = found.by("layer", "sluice_layer_failures_total", family="recording")
        assert sum(failures.values()) == 1


async def test_a_run_that_lost_its_message_is_repaired(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice:
        run_id = await lone_item(sluice)
        await sluice.sql("DELETE FROM sluice.message")
        service = sluice.service
        watchdog = Watchdog(service.reconciler, service.pools.holding, 1, timedelta(seconds=60))
        for _ in range(2):  # that it stands is seen by comparing
            await watchdog.mend()
        await counts(sluice, "sluice_run_repairs_total", 1)
        async with sluice.worker():
            await sluice.ended(run_id)


async def test_a_fire_time_is_counted_by_what_came_of_it(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice:
        await sluice.sql(
            "INSERT INTO sluice.schedule (id, name, family, expression, tz, catch_up, origin,"
            " created_by, changed_by, next_at) VALUES ('s', 's', 'recording', '0 0 1 1 *', 'UTC',"
            " 'one', 'api', 'ops', 'ops', now() - interval '10 s')"
        )
        async with sluice.worker():
            await counts(sluice, "sluice_schedule_fires_total", 1, result="started")


async def test_an_item_that_begins_to_wait_is_counted_and_shown_as_suspended(
    opener: Opener,
) -> None:
    async def work(item_id: str, ctx: Context) -> None:
        await ctx.suspend("question", {})

    async with opener(Recording(work), **SCRAPED) as sluice:
        await sluice.add_users(2)
        await sluice.start()
        async with sluice.worker():
            await counts(sluice, "sluice_item_suspensions_total", 2)
            await counts(sluice, "sluice_items_suspended", 2)
            await counts(sluice, "sluice_items_outstanding", 0)
