"""Where the well-known three-layer pattern goes wrong, and this one must not.

The numbers are those of the list in the design.
"""

from __future__ import annotations

import asyncio

import pytest

from app.config.priorities import ORDINARY
from app.errors import Conflict
from app.store.items import pages
from app.store.runs import endings, runs, transitions
from app.store.statuses import RunStatus
from app.workflows.family import Context, Fatal, Skip
from app.workflows.messages import PaginateMessage, executions
from tests.support.families import Recording
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact


class Held(Recording):
    """Executes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__(self._wait)
        self.let_go = asyncio.Event()

    async def _wait(self, item_id: str, ctx: Context) -> None:
        await self.let_go.wait()


async def paged(sluice: Sluice, run_id: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not (await sluice.run(run_id)).paged:
            await asyncio.sleep(0.02)


async def quiet(sluice: Sluice, family: str = "recording") -> None:
    """No paginate message waits or is in hand."""
    async with asyncio.timeout(PATIENCE):
        while f"{family}.paginate" in await sluice.service.engine.depth():
            await asyncio.sleep(0.02)


async def test_defect_1_a_dry_run_answers_the_statistics_at_once(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as http:
        family.done = set((await sluice.add_users(30))[:10])
        answer = await http.post("/api/workflows/recording/process-users", json={"dryRun": True})
    assert answer.status_code == 200
    assert (
        answer.json().items()
        >= {
            "success": True,
            "dryRun": True,
            "totalEligible": 30,
            "toProcess": 20,
            "alreadyProcessed": 10,
            "message": "[DryRun] Would process 20 users",
        }.items()
    )


@pytest.mark.slow
async def test_defect_2_no_message_and_no_row_holds_every_id(opener: Opener) -> None:
    family = Held()
    async with opener(family) as sluice:
        ids = await sluice.add_users(3_000)
        family.done = set(ids[1_000:])  # it is of ids, and executing them takes the longest
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).scheduled < 900:
                    await asyncio.sleep(0.02)
            [(largest,)] = await sluice.sql("SELECT max(length(payload)) FROM sluice.message")
            [(row,)] = await sluice.sql("SELECT max(length(run::text)) FROM sluice.run")
            family.let_go.set()
            await sluice.ended(run_id)
    assert largest < 1_000
    assert row < 1_000
    assert max(len(ids) for ids in family.asked) <= 1_000


async def test_defect_3_force_is_honoured_in_every_layer(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        family.done = set(await sluice.add_users(60))
        async with sluice.worker():
            plain = await sluice.ended(await sluice.start())
            forced = await sluice.ended(await sluice.start(force=True))
    assert (plain.status, plain.detail, plain.scheduled) == (
        "succeeded",
        "All users already processed",
        0,
    )
    assert (forced.to_process, forced.scheduled, forced.succeeded) == (60, 60, 60)


async def test_defect_4_a_page_or_chunk_delivered_again_after_its_commit_adds_nothing(
    opener: Opener,
) -> None:
    family = Held()
    async with opener(family) as sluice:
        ids = await sluice.add_users(120)
        run_id = await sluice.start()
        async with sluice.worker():
            await paged(sluice, run_id)
            await sluice.publish(
                PaginateMessage(run=run_id).outgoing("recording", ORDINARY),
                *executions("recording", run_id, ids, 4, ORDINARY),  # as they were fanned out
                *executions("recording", run_id, ids, 20, ORDINARY),
                *executions("recording", run_id, ids, 1, ORDINARY),
            )
            await quiet(sluice)
            family.let_go.set()
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
    assert run.scheduled == len(rows) == 120
    assert family.executed == dict.fromkeys(ids, 1)
    assert_exact(run, rows)


async def test_defect_5_a_bad_payload_is_refused_at_the_door(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as http:
        answer = await http.post(
            "/api/workflows/recording/process-users", json={"params": {"paidOnly": "perhaps"}}
        )
        assert await sluice.queued() == 0
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "params.paidOnly"


async def test_defect_6_what_an_item_raises_is_a_failure_and_never_a_success(
    opener: Opener,
) -> None:
    def refuse(item_id: str, ctx: Context) -> None:
        raise ValueError(f"no luck with {item_id}")

    family = Recording(refuse)
    async with opener(family) as sluice:
        await sluice.add_users(3)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [first, *_] = await sluice.items(run.id)
    assert (run.status, run.failed, run.succeeded) == ("failed", 3, 0)
    assert (first.error_class, first.error_message) == ("ValueError", "no luck with u00001")
    assert "in refuse" in str(first.error_traceback)
    assert not family.saved


async def test_defect_7_however_many_find_a_run_complete_one_of_them_ends_it(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        await sluice.sql(
            "UPDATE sluice.run SET status = 'running', paged = true, scheduled = 5, succeeded = 5"
        )

        async def finalise() -> RunStatus | None:
            async with sluice.service.database.begin() as tx:
                return await endings.finalise(tx, run_id)

        claims = await asyncio.gather(*(finalise() for _ in range(20)))
    assert [claim for claim in claims if claim is not None] == [RunStatus.SUCCEEDED]


async def test_defect_8_one_process_layer_at_a_time_is_not_taken_for_one_run_at_a_time(
    opener: Opener,
) -> None:
    family = Held()
    async with opener(family) as sluice:
        await sluice.add_users(3)
        first = await sluice.start()
        async with sluice.worker():
            await quiet(sluice)  # layer 1 is long done, and the run goes on
            with pytest.raises(Conflict) as refused:
                await sluice.start()
            family.let_go.set()
            await sluice.ended(first)
    assert refused.value.more == {"activeRunId": first}


@pytest.mark.slow
async def test_defect_9_queue_depth_is_bounded_however_many_items_wait(opener: Opener) -> None:
    family = Held()
    async with opener(family, look_ahead=100) as sluice:
        await sluice.add_users(2_000)
        run_id = await sluice.start()
        deepest = 0
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not (await sluice.run(run_id)).held:
                    deepest = max(deepest, await sluice.queued())
            await quiet(sluice)
            held = await sluice.run(run_id)
            deepest = max(deepest, await sluice.queued())
            family.let_go.set()
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
    # A page is published while there is room for one item, so one page may overshoot.
    assert held.scheduled < 100 + family.page_size
    assert deepest <= 100 + family.page_size + 4
    assert (run.status, run.succeeded) == ("succeeded", 2_000)
    assert_exact(run, rows)


async def test_defect_10_a_cancelled_run_schedules_no_page_no_chunk_and_no_item(
    opener: Opener,
) -> None:
    family = Recording()
    async with opener(family) as sluice:
        ids = await sluice.add_users(60)
        run_id = await sluice.start()
        await sluice.sql("DELETE FROM sluice.message")
        async with sluice.service.database.begin() as tx:
            await transitions.begin(tx, run_id, runs.Statistics(60, 60, 0))
            await pages.add_items(tx, run_id, ids[:30])
            await transitions.cancel(tx, run_id, who="test")
            await sluice.service.engine.publish(
                tx,
                [
                    PaginateMessage(run=run_id).outgoing("recording", ORDINARY),
                    *executions("recording", run_id, ids[:30], 20, ORDINARY),
                ],
            )
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while await sluice.queued():
                    await asyncio.sleep(0.02)
        run = await sluice.run(run_id)
    assert not family.executed
    assert (run.scheduled, run.cancelled, run.cursor) == (30, 30, None)


async def test_defect_11_one_failing_item_is_given_up_and_stops_nobody_else(
    opener: Opener,
) -> None:
    def refuse_one(item_id: str, ctx: Context) -> None:
        if item_id == "u00007":
            raise ValueError("this one never works")

    family = Recording(refuse_one)
    async with opener(family) as sluice:
        ids = await sluice.add_users(40)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        rows = await sluice.items(run.id)
    assert (run.status, run.succeeded, run.failed) == ("partial", 39, 1)
    assert family.executed == {i: 3 if i == "u00007" else 1 for i in ids}
    assert rows[6].attempts == family.attempts == 3
    assert_exact(run, rows)


async def test_defect_12_progress_tells_succeeded_from_ended(opener: Opener) -> None:
    def mixed(item_id: str, ctx: Context) -> None:
        if item_id.endswith("1"):
            raise Skip("nothing to do")
        if item_id.endswith("2"):
            raise Fatal("hopeless")

    async with opener(Recording(mixed)) as sluice:
        await sluice.add_users(30)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
    assert (run.succeeded, run.skipped, run.failed, run.ended) == (24, 3, 3, 30)
