"""Who lets go of items, or takes them from a worker that is gone, meets who has such an item and
comes to its run: each comes to its end, and Postgres ends none of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config.priorities import ORDINARY
from app.store.items.claims import ItemClaim
from app.store.runs import runs
from app.store.statuses import ItemStatus, PauseReason, RunStatus
from app.store.steps import suspension
from app.workflows.attempts.delivery_result import DeliveryResult
from app.workflows.layers.item_claims import LOCKED, ItemClaimer
from app.workflows.layers.paused_runs import PausedRuns
from app.workflows.messages import executions
from app.workflows.steps.timers import WakeUpTimers
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.events.invoices import found
from tests.workflows.steps.test_lock_interleavings import TOKEN, ended, run_of, written

RUN, OTHER = "run_1", "run_2"


async def holding(tx: AsyncConnection, item_id: str) -> None:
    assert await suspension.lock(tx, [(RUN, item_id)])


async def ask(sluice: Sluice) -> None:
    """An item in hand also waits for a person: another step of it was over."""
    await sluice.sql(
        "INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone,"
        " item_attempt, started_at) VALUES (:run, 'i1', 'ask', 'suspend', 'suspended', 1, true, 1,"
        " now())",
        run=RUN,
    )


async def answer(sluice: Sluice) -> None:
    """It has the item, and then comes to the run."""
    answering = sluice.service.api.answering
    await answering.answer(await answering.question(RUN, "i1", None), "yes", by="test")


async def test_who_answers_an_item_passes_who_lets_go_of_it(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await run_of(sluice, RUN, ["i1"])
        await ask(sluice)
        await sluice.service.api.control.pause(RUN, by="test")
        paused = PausedRuns(sluice.service.pools.ledger)
        async with sluice.service.database.begin() as tx:
            await holding(tx, "i1")
            answering = asyncio.create_task(answer(sluice))
            await sluice.held_up()
            parking = asyncio.create_task(paused.park(ItemClaim(RUN, "i1", TOKEN)))
            await sluice.held_up(2)
        _, released = await asyncio.gather(answering, parking)
        [item] = await sluice.items(RUN)
    assert released
    assert (item.status, item.claim) == (ItemStatus.PENDING, None)


@pytest.mark.parametrize("resumes", [False, True])
async def test_who_lets_go_of_an_item_and_who_resumes_its_run_see_each_other(
    opener: Opener, resumes: bool
) -> None:
    """It has the item, and waits for the run: a resume that is there first keeps it at work."""
    async with opener(Recording()) as sluice:
        await run_of(sluice, RUN, ["i1"])
        control = sluice.service.api.control
        await control.pause(RUN, by="test")
        paused = PausedRuns(sluice.service.pools.ledger)
        async with sluice.service.database.begin() as tx:
            await holding(tx, "i1")
            parking = asyncio.create_task(paused.park(ItemClaim(RUN, "i1", TOKEN)))
            await sluice.held_up()
            if resumes:
                await control.resume(RUN, by="test")
        released = await parking
        if not resumes:
            await control.resume(RUN, by="test")
        [item] = await sluice.items(RUN)
        messages = await sluice.sql("SELECT id FROM sluice.message")
    assert released is not resumes
    assert (item.claim is None) is released
    assert len(messages) == 1  # a resume sends for it, whoever has it


async def test_an_item_that_pauses_its_run_passes_who_answers_it(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await run_of(sluice, RUN, ["i1", "i2"])
        await ask(sluice)
        refused = replace(ended((RUN, "i1"), ItemStatus.PENDING), finished_us=None)
        async with sluice.service.database.begin() as tx:
            await holding(tx, "i1")
            answering = asyncio.create_task(answer(sluice))
            await sluice.held_up()
            pausing = asyncio.create_task(
                written(sluice, DeliveryResult("recording", refused, systemic=True))
            )
            await sluice.held_up(2)
        await asyncio.gather(answering, pausing)
        run = await sluice.run(RUN)
    assert (run.status, run.reason) == (RunStatus.PAUSED, PauseReason.SYSTEMIC)


async def test_who_pauses_a_run_passes_who_counts_items_of_it_and_of_an_earlier_one(
    opener: Opener,
) -> None:
    """Both have an item of each run: neither has the later row while it waits for the earlier."""
    async with opener(Recording()) as sluice:
        await run_of(sluice, RUN, ["i1", "i2", "i3"])
        await run_of(sluice, OTHER, ["i1", "i2", "i3"])
        refused = replace(ended((OTHER, "i1"), ItemStatus.PENDING), finished_us=None)
        async with sluice.service.database.begin() as tx:
            await runs.lock(tx, RUN)
            counting = asyncio.create_task(
                written(
                    sluice,
                    *(
                        DeliveryResult("recording", ended((run_id, "i2"), ItemStatus.SUCCEEDED))
                        for run_id in (RUN, OTHER)
                    ),
                )
            )
            await sluice.held_up()
            pausing = asyncio.create_task(
                written(
                    sluice,
                    DeliveryResult("recording", refused, systemic=True),
                    DeliveryResult("recording", ended((RUN, "i1"), ItemStatus.SUCCEEDED)),
                )
            )
            await sluice.held_up(2)
        await asyncio.gather(counting, pausing)
        run, paused = await sluice.run(RUN), await sluice.run(OTHER)
    assert (run.status, run.succeeded) == (RunStatus.RUNNING, 2)
    assert (paused.status, paused.succeeded) == (RunStatus.PAUSED, 1)


async def test_who_takes_items_over_waits_for_nobody_who_was_only_held_up(opener: Opener) -> None:
    """A worker that hung writes what it has in an order of its own, ordinary successes first: it
    has the last item, and waits for the first."""
    async with opener(Recording()) as sluice:
        await run_of(sluice, RUN, ["a", "m", "z"])
        service = sluice.service
        ledger = service.pools.ledger
        timers = WakeUpTimers(ledger, look_ahead=100)
        claimer = ItemClaimer(ledger, service.engine, timers, "another")
        async with service.database.begin() as tx:
            await holding(tx, "a")
            writing = asyncio.create_task(
                written(
                    sluice,
                    DeliveryResult("recording", ended((RUN, "a"), ItemStatus.FAILED)),
                    DeliveryResult("recording", ended((RUN, "z"), ItemStatus.SUCCEEDED)),
                )
            )
            await sluice.held_up()
            async with asyncio.timeout(PATIENCE):
                hand = await claimer.take(RUN, ["a", "m", "z"], (9, 1))
        await writing
        again = await claimer.take(RUN, ["a", "m", "z"], (9, 2))
        items = await sluice.items(RUN)
    assert [one.claim.item_id for one in hand.items] == ["m"]
    assert hand.left == LOCKED
    assert (again.left, [one.claim.item_id for one in again.items]) == (None, ["m"])
    assert {one.item_id: one.status for one in items} == {
        "a": ItemStatus.FAILED,
        "m": ItemStatus.PENDING,
        "z": ItemStatus.SUCCEEDED,
    }


@pytest.mark.parametrize("locked", [1, 3])
async def test_items_that_were_passed_over_are_taken_once_who_has_them_has_given_up(
    opener: Opener, locked: int
) -> None:
    """Their message is the only one, and no watchdog looks for what is missing."""
    async with opener(Recording(), watchdog_seconds=3600) as sluice:
        ids = await sluice.add_users(3)
        await run_of(sluice, RUN, ids)
        await sluice.publish(*executions("recording", RUN, ids, 3, ORDINARY))
        async with sluice.worker():
            async with sluice.service.database.begin() as tx:
                for item_id in ids[:locked]:
                    await holding(tx, item_id)
                await found(
                    sluice,
                    1,
                    "SELECT 1 FROM sluice.message WHERE worker IS NULL AND deliveries > 0",
                )
                await tx.rollback()
            run = await sluice.ended(RUN)
    assert (run.status, run.succeeded) == (RunStatus.SUCCEEDED, 3)


async def test_who_takes_items_over_locks_none_of_a_delivery_that_goes_on(opener: Opener) -> None:
    """It would hold up the outcome."""
    async with opener(Recording()) as sluice:
        await run_of(sluice, RUN, ["gone", "here"])
        await sluice.publish(*executions("recording", RUN, ["here"], 1, ORDINARY))
        await sluice.sql("UPDATE sluice.message SET worker = gen_random_uuid(), deliveries = 1")
        await sluice.sql(
            "UPDATE sluice.item SET claim_number = 1, claim = (SELECT seq FROM sluice.message)"
            " WHERE item_id = 'here'"
        )
        ledger = sluice.service.pools.ledger
        timers = WakeUpTimers(ledger, look_ahead=100)
        before = await locks_of(sluice)
        hand = await ItemClaimer(ledger, sluice.service.engine, timers, "another").take(
            RUN, ["gone", "here"], (9, 1)
        )
        after = await locks_of(sluice)
    assert [one.claim.item_id for one in hand.items] == ["gone"]
    assert (hand.left, hand.again) == (None, None)
    assert after["here"] == before["here"]


async def locks_of(sluice: Sluice) -> dict[str, str]:
    """By item, the transaction that has locked its row last."""
    rows = await sluice.sql("SELECT item_id, xmax::text FROM sluice.item")
    return dict(map(tuple, rows))
