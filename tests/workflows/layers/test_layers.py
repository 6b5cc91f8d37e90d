"""The three layers together, on real servers."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from datetime import timedelta

from app.workflows.family import Context, Fatal, RetryAfter, Skip
from tests.support.clocks.virtual_time import pass_by
from tests.support.control import lone_item
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact


class FailingSave(Recording):
    """Its ``save`` fails ``times`` times before it works."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def save(self, entity: str, result: str, *rest: object) -> None:
        self.saved[entity] += 1
        if self.saved[entity] <= self.times:
            raise ConnectionError("the table is away")
        self.results = {**getattr(self, "results", {}), entity: result}


async def test_a_run_executes_every_eligible_item_once_and_succeeds(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        ids = await sluice.add_users(130)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await sluice.ended(run_id)
            await sluice.drained()
        rows = await sluice.items(run_id)

        assert run.status == "succeeded"
        assert family.executed == dict.fromkeys(ids, 1)
        assert family.saved == dict.fromkeys(ids, 1)
        assert [row.result for row in rows] == [f"result of {item_id}" for item_id in ids]
        assert_exact(run, rows)


async def test_a_run_with_nothing_eligible_ends_and_says_so(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(5, active=False)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
    assert (run.status, run.reason, run.detail) == (
        "succeeded",
        "nothing_eligible",
        "No eligible users found",
    )


async def test_items_that_have_a_result_are_not_executed(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        ids = await sluice.add_users(120)
        family.done = set(ids[::2])
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
    assert (run.total_eligible, run.to_process, run.already_processed) == (120, 60, 60)
    assert family.executed == dict.fromkeys(ids[1::2], 1)


async def test_a_limit_bounds_the_items_exactly(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        await sluice.add_users(200)
        async with sluice.worker():
            some = await sluice.ended(await sluice.start(limit=73))
            rest = await sluice.ended(await sluice.start(limit=500))
    assert (some.to_process, some.scheduled, some.succeeded) == (73, 73, 73)
    assert (rest.to_process, rest.scheduled, rest.succeeded) == (127, 127, 127)
    assert sum(family.executed.values()) == 200


async def test_named_items_are_executed_and_an_unknown_one_is_skipped(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        await sluice.add_users(10)
        named = ["u00003", "nobody", "u00007", "u00003"]
        async with sluice.worker():
            run = await sluice.ended(await sluice.start(item_ids=named))
        rows = await sluice.items(run.id)
    assert (run.status, run.succeeded, run.skipped) == ("succeeded", 2, 1)
    assert {row.item_id: row.error_message for row in rows} == {
        "nobody": "The item is gone.",
        "u00003": None,
        "u00007": None,
    }


async def test_a_failed_save_is_tried_again_without_executing_again(opener: Opener) -> None:
    family = FailingSave(times=2)
    async with opener(family) as sluice:
        await sluice.add_users(3)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        rows = await sluice.items(run.id)
    assert run.status == "succeeded"
    assert set(family.executed.values()) == {1}
    assert set(family.saved.values()) == {3}
    assert family.results == {row.item_id: row.result for row in rows}


async def test_a_failed_attempt_can_be_seen_while_the_next_one_is_awaited(opener: Opener) -> None:
    def postpone(item_id: str, ctx: Context) -> None:
        raise RetryAfter(timedelta(hours=1), "the account is busy")

    async with opener(Recording(postpone)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not (rows := await sluice.items(run_id)) or not rows[0].postponements:
                await asyncio.sleep(0.02)
        assert await sluice.queued() == 1
    assert (rows[0].status, rows[0].attempts, rows[0].error_message) == (
        "pending",
        0,
        "the account is busy",
    )


async def test_retry_after_comes_again_then_and_uses_up_no_attempt(opener: Opener) -> None:
    times: list[float] = []

    def busy_four_times(item_id: str, ctx: Context) -> None:
        times.append(time.monotonic())
        if len(times) <= 4:
            raise RetryAfter(timedelta(milliseconds=150))

    async with opener(Recording(busy_four_times)) as sluice:
        await sluice.add_users(1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [row] = await sluice.items(run.id)
    assert (run.status, row.attempts, row.postponements) == ("succeeded", 1, 4)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= 0.15  # and how late it is at most, test_promptness.py tells


async def test_any_error_that_carries_retry_after_is_put_off_likewise(opener: Opener) -> None:
    class RateLimited(Exception):
        retry_after = timedelta(milliseconds=10)

    def limited_once(item_id: str, ctx: Context) -> None:
        if family.executed[item_id] == 1:
            raise RateLimited

    family = Recording(limited_once)
    async with opener(family) as sluice:
        await sluice.add_users(2)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        rows = await sluice.items(run.id)
    assert [(row.status, row.attempts, row.postponements) for row in rows] == [
        ("succeeded", 1, 1)
    ] * 2


async def test_fatal_fails_at_once_and_skip_skips_with_its_reason(opener: Opener) -> None:
    def decide(item_id: str, ctx: Context) -> None:
        raise Fatal("hopeless") if item_id == "u00001" else Skip("has left")

    family = Recording(decide)
    async with opener(family) as sluice:
        await sluice.add_users(2)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        fatal, skipped = await sluice.items(run.id)
    assert set(family.executed.values()) == {1}
    assert (fatal.status, fatal.error_class, fatal.attempts) == ("failed", "Fatal", 1)
    assert (skipped.status, skipped.error_message) == ("skipped", "has left")
    assert run.status == "partial"


async def test_an_item_that_takes_too_long_is_timed_out(opener: Opener) -> None:
    class Slow(Recording):
        timeout = timedelta(seconds=30)

    at_work = asyncio.Event()

    async def wait(item_id: str, ctx: Context) -> None:
        if item_id == "u00001":
            at_work.set()
            await asyncio.Event().wait()

    async with opener(Slow(wait)) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                await at_work.wait()
                while not (await sluice.run(run_id)).succeeded:
                    await asyncio.sleep(0.02)
            pass_by(30)
            run = await sluice.ended(run_id)
        slow, _ = await sluice.items(run.id)
    assert (run.status, run.timed_out, run.succeeded) == ("partial", 1, 1)
    assert (slow.status, slow.error_message) == ("timed_out", "It took longer than 30 s.")


async def test_a_timeout_raised_by_the_family_itself_is_an_ordinary_failure(
    opener: Opener,
) -> None:
    def give_up(item_id: str, ctx: Context) -> None:
        raise TimeoutError("the model did not answer")

    family = Recording(give_up)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [row] = await sluice.items(run.id)
    assert (row.status, row.attempts, row.error_message) == (
        "failed",
        3,
        "the model did not answer",
    )


async def test_a_result_that_postgres_cannot_keep_fails_its_item_and_no_other(
    opener: Opener,
) -> None:
    class Binary(Recording):
        async def execute(self, entity: str, *rest: object) -> str:
            return "bad \0 text" if entity == "u00002" else "good text"

    async with opener(Binary()) as sluice:
        await sluice.add_users(30)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        rows = await sluice.items(run.id)
    assert (run.status, run.succeeded, run.failed) == ("partial", 29, 1)
    assert "NUL" in str(rows[1].error_message)


async def test_an_error_text_that_postgres_cannot_keep_is_cleaned_and_cut(
    opener: Opener,
) -> None:
    def shout(item_id: str, ctx: Context) -> None:
        raise Fatal("nul \0 surrogate \ud800 " + "x" * 50_000)

    async with opener(Recording(shout)) as sluice:
        await sluice.add_users(1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [row] = await sluice.items(run.id)
    assert row.status == "failed"
    assert str(row.error_message).startswith("nul � surrogate � xxx")
    assert len(str(row.error_message)) <= 2_001


async def test_an_item_whose_deliveries_keep_vanishing_with_their_worker_is_given_up(
    opener: Opener,
) -> None:
    family = Recording()
    async with opener(family) as sluice:
        run_id = await lone_item(sluice)
        await sluice.sql("UPDATE sluice.item SET lost = 5, claim = 0, claim_number = 1")
        await sluice.sql("UPDATE sluice.message SET attempts = 6")
        async with sluice.worker():
            run = await sluice.ended(run_id)
        [row] = await sluice.items(run_id)
    assert (run.status, row.error_class) == ("failed", "WorkerLost")
    assert "ended 5 times while the item was at work" in str(row.error_message)
    assert row.error_group == "Its worker ended while the item was at work."
    assert not family.executed


async def test_an_item_that_merely_waited_in_the_hands_of_workers_that_ended_is_executed(
    opener: Opener,
) -> None:
    family = Recording()
    async with opener(family) as sluice:
        run_id = await lone_item(sluice)
        await sluice.sql("UPDATE sluice.item SET claim = 0, claim_number = 1")
        await sluice.sql("UPDATE sluice.message SET attempts = 60")
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert (run.status, family.executed) == ("succeeded", {"u00001": 1})


async def test_quick_pages_are_filtered_by_no_more_ids_than_a_page_has(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        ids = await sluice.add_users(930)
        family.done = set(ids[::3])
        run_id = await sluice.start()
        async with sluice.worker():
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
    assert run.status == "succeeded"
    assert {row.item_id for row in rows} == set(ids) - set(ids[::3])
    _counted, *paged = family.asked
    assert {len(asked) for asked in paged} == {family.page_size, 930 % family.page_size}
    assert_exact(run, rows)


async def test_a_page_that_keeps_failing_fails_its_run_with_the_reason(opener: Opener) -> None:
    class Broken(Recording):
        async def existing(self, *_: object) -> set[str]:
            raise RuntimeError("the cache speaks another language")

    async with opener(Broken()) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        await sluice.sql("UPDATE sluice.message SET attempts = 7")
        async with sluice.worker():
            run = await sluice.ended(run_id)
            await sluice.drained()
    assert run.status == "failed"
    assert "the cache speaks another language" in str(run.detail)


async def test_a_page_that_fails_once_is_read_again(opener: Opener) -> None:
    class Shaky(Recording):
        fails = 1

        async def existing(self, ids: object, *rest: object) -> set[str]:
            if self.fails:
                self.fails -= 1
                raise ConnectionError("away for a moment")
            return set()

    family = Shaky()
    async with opener(family) as sluice:
        await sluice.add_users(60)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
    assert (run.status, run.succeeded) == ("succeeded", 60)


async def test_plain_methods_run_beside_one_another_in_threads(opener: Opener) -> None:
    beside = threading.Barrier(20)

    class Plain(Recording):
        attempts = 1

        def execute(self, entity: str, *rest: object) -> str:  # type: ignore[override]  # plain
            beside.wait(PATIENCE)  # broken, for all of them, unless twenty are here at once
            return entity

    async with opener(Plain()) as sluice:
        run = await sluice.played(40)
    assert run.succeeded == 40


async def test_a_stop_ends_what_is_in_hand_and_gives_back_the_rest_at_once(
    opener: Opener,
) -> None:
    family = Recording(lambda item_id, ctx: asyncio.sleep(0.2))
    async with opener(family, worker_concurrency=5) as sluice:
        await sluice.add_users(20)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not family.executed:
                await asyncio.sleep(0.01)
        # The worker has stopped.
        rows = await sluice.items(run_id)
        depth = (await sluice.service.engine.depth())["recording.execute"]
        assert len(family.executed) == sum(row.status == "succeeded" for row in rows)
        assert depth.in_hand == 0
        async with sluice.worker():
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
    assert set(family.executed.values()) == {1}
    assert_exact(run, rows)


async def test_a_stop_has_a_time_limit_after_which_messages_go_back(opener: Opener) -> None:
    family = Recording(lambda item_id, ctx: asyncio.sleep(60))
    async with opener(family, stop_timeout=0.2) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while len(family.executed) < 3:
                await asyncio.sleep(0.01)
        depth = (await sluice.service.engine.depth())["recording.execute"]
        assert (depth.waiting, depth.in_hand) == (3, 0)
        family.work = None
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert (run.status, run.succeeded) == ("succeeded", 3)
