"""What an operator may do with a run, and what becomes of its items then."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.errors import InvalidTransition
from app.store.runs import transitions
from app.store.statuses import ItemStatus, PauseReason
from app.workflows.family import Context, FamilyParams, Flow, FlowControl, Overlap
from tests.support.control import control, kinds, paused, until_some
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact
from tests.support.stepped import Stepped, items_at


class Slow(Recording):
    """Each item takes a while, two at a time."""

    flow = Flow(execute=FlowControl(parallelism=2))

    begun = 0

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.begun += 1
        await asyncio.sleep(0.05)
        return await super().execute(entity, params, ctx)


class Trickling(Recording):
    """Five starts a second, of however many items."""

    flow = Flow(execute=FlowControl(rate=5))


async def test_a_pause_stops_new_starts_and_a_resume_goes_on_where_it_stopped(
    opener: Opener,
) -> None:
    family = Slow()
    async with opener(family) as sluice:
        await sluice.add_users(60)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_some(family)
            assert await control(sluice, "pause", run_id) == "paused"
            await paused(sluice, run_id)  # and burdens nobody: there is no message of it
            begun = sum(family.executed.values())
            assert begun < 60
            over = [row for row in await sluice.items(run_id) if row.status == "succeeded"]
            assert len(over) == sum(family.executed.values()) == begun
            assert await control(sluice, "resume", run_id) == "running"
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert await kinds(sluice, run_id) == [
            "created", "begun", "paused:operator", "resumed", "ended:succeeded",
        ]  # fmt: skip
    assert (run.status, run.succeeded) == ("succeeded", 60)
    assert set(family.executed.values()) == {1}
    assert_exact(run, rows)


async def test_a_resume_goes_on_after_every_worker_was_stopped_and_started(
    opener: Opener,
) -> None:
    family = Slow()
    async with opener(family) as sluice:
        await sluice.add_users(30)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_some(family)
            await control(sluice, "pause", run_id)
        assert await control(sluice, "resume", run_id) == "running"
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert (run.status, run.succeeded) == ("succeeded", 30)
    assert set(family.executed.values()) == {1}


async def test_a_run_paused_before_layer_1_came_to_it_begins_when_it_is_resumed(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        await control(sluice, "pause", run_id)
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while await sluice.queued():
                    await asyncio.sleep(0.02)
            assert (await sluice.run(run_id)).status == "paused"
            assert await control(sluice, "resume", run_id) == "pending"
            assert (await sluice.ended(run_id)).succeeded == 3


async def test_each_action_is_safe_to_repeat_and_tells_of_itself_once(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        for action, status in (
            ("resume", "pending"), ("pause", "paused"), ("pause", "paused"), ("resume", "pending"),
            ("resume", "pending"), ("cancel", "cancelled"), ("cancel", "cancelled"),
        ):  # fmt: skip
            assert await control(sluice, action, run_id) == status
        assert await kinds(sluice, run_id) == [
            "created", "paused:operator", "resumed", "cancelling", "ended:cancelled",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [("pause", "paused", "paused:operator"), ("cancel", "cancelled", "cancelling")],
)
async def test_an_action_that_waits_for_the_same_of_another_call_finds_it_done(
    opener: Opener, action: str, status: str, kind: str
) -> None:
    async with opener(Recording()) as sluice:
        run_id = await sluice.start()
        async with sluice.service.database.begin() as tx:
            if action == "pause":
                await transitions.pause(tx, run_id, PauseReason.OPERATOR, "Paused.")
            else:
                await transitions.cancel(tx, run_id, who="ops")
            second = asyncio.create_task(control(sluice, action, run_id))
            await sluice.held_up()
        assert await second == status
        assert (await kinds(sluice, run_id)).count(kind) == 1


async def test_what_has_ended_can_neither_be_paused_nor_resumed_nor_cancelled(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        for action in ("pause", "resume", "cancel"):
            with pytest.raises(InvalidTransition) as refused:
                await control(sluice, action, run.id)
            assert refused.value.more == {"runStatus": "succeeded"}


async def test_a_cancelled_run_ends_at_full_speed_and_lets_what_is_in_hand_finish(
    opener: Opener,
) -> None:
    family = Slow()
    async with opener(family) as sluice:
        await sluice.add_users(500)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_some(family)
            await control(sluice, "cancel", run_id)
            begun = family.begun
            run = await sluice.ended(run_id)
            await sluice.drained()
            assert family.begun <= begun + 2  # who had been let in by then
        rows = await sluice.items(run_id)
    assert run.status == "cancelled"
    assert run.succeeded == sum(family.saved.values()) > 0
    assert run.cancelled == run.scheduled - run.succeeded > 0
    assert_exact(run, rows)


async def test_a_cancel_needs_no_worker(opener: Opener) -> None:
    family = Slow()
    async with opener(family) as sluice:
        await sluice.add_users(100)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_some(family)
            await control(sluice, "pause", run_id)
        assert await control(sluice, "cancel", run_id) == "cancelled"
        run, rows = await sluice.run(run_id), await sluice.items(run_id)
    assert run.finished_at is not None
    assert_exact(run, rows)


@pytest.mark.slow
async def test_a_run_of_100_000_items_at_five_a_second_is_cancelled_before_two_more_begin(
    opener: Opener,
) -> None:
    family = Trickling()
    async with opener(family) as sluice:
        await sluice.add_users(100_000)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_some(family)
            await control(sluice, "cancel", run_id)
            begun = family.executed.total()
            run = await sluice.ended(run_id)
            # In ten seconds there would be fifty.
            assert family.executed.total() <= begun + 2
        rows = await sluice.items(run_id)
    assert run.status == "cancelled"
    assert_exact(run, rows)


class Naps(Stepped):
    overlap = Overlap.ALLOW


async def test_a_cancel_leaves_no_message_that_comes_in_a_week(opener: Opener) -> None:
    """A million of them would count as deferred for as long, and then come all at once."""

    async def nap(item: str, ctx: Context) -> None:
        await ctx.sleep("nap", timedelta(days=7))

    async with opener(Naps(nap)) as sluice:
        await sluice.add_users(30)
        other = await sluice.start(item_ids=["u00001"])
        async with sluice.worker():
            await items_at(sluice, other, ItemStatus.SUSPENDED)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status, due_at) VALUES"
            " (:run, 'retried', 'pending', now() + interval '1 h')",
            run=run_id,
        )
        await sluice.sql("UPDATE sluice.run SET scheduled = 31 WHERE id = :run", run=run_id)
        run = await sluice.service.api.control.cancel(run_id, by="test")
        left = await sluice.sql("SELECT id FROM sluice.message")
    assert (run.status, run.cancelled) == ("cancelled", 31)
    assert [row[0] for row in left] == [f"item:{other}:u00001"]
