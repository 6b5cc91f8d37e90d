"""What becomes of a run whose family has one already: it is refused, waits, or goes beside it."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from app.errors import Conflict
from app.store.statuses import RunStatus
from app.store.tables.runs import Run
from app.workflows.contract.cron import Overlap
from app.workflows.family import Context, Fatal
from tests.support.families import Beside, Recording
from tests.support.held import Held
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.story import kinds


class HeldInLine(Held):
    overlap = Overlap.QUEUE


async def cancel(sluice: Sluice, run_id: str) -> Run:
    return await sluice.service.api.control.cancel(run_id, by="test")


async def waits(sluice: Sluice, *run_ids: str) -> bool:
    return all([(await sluice.run(run_id)).stage == "waiting" for run_id in run_ids])


async def assert_one_after_another(sluice: Sluice, *run_ids: str) -> None:
    """In this order, and each began when the one before it had ended."""
    found = [await sluice.run(run_id) for run_id in run_ids]
    for former, later in itertools.pairwise(found):
        assert former.finished_at is not None
        assert later.started_at is not None
        assert former.finished_at <= later.started_at


async def test_skip_refuses_a_second_run_and_names_the_first(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(3)
        first = await sluice.start()
        with pytest.raises(Conflict) as refused:
            await sluice.start()
        assert refused.value.more == {"activeRunId": first}
        async with sluice.worker():
            await sluice.ended(first)
        assert await sluice.start() != first  # there is room again


async def test_skip_lets_exactly_one_of_twenty_begin_that_start_at_the_same_instant(
    opener: Opener,
) -> None:
    async with opener(Recording(), pool_size=20) as sluice:
        await sluice.add_users(3)
        answers = await asyncio.gather(*(sluice.start() for _ in range(20)), return_exceptions=True)
        [(only, status)] = await sluice.sql("SELECT id, status FROM sluice.run")
        assert await sluice.queued() == 1
    assert status == RunStatus.PENDING
    assert [answer for answer in answers if isinstance(answer, str)] == [only]
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(refused) == 19
    assert all(conflict.more == {"activeRunId": only} for conflict in refused)


async def test_skip_refuses_while_a_run_is_paused_and_until_a_cancelled_one_has_ended(
    opener: Opener,
) -> None:
    family = Held()
    async with opener(family) as sluice:
        await sluice.add_users(3)
        first = await sluice.start()
        async with sluice.worker():
            await family.until_inside(3)
            await sluice.service.api.control.pause(first, by="test")
            with pytest.raises(Conflict, match="paused"):
                await sluice.start()
            assert (await cancel(sluice, first)).status == RunStatus.CANCELLING
            with pytest.raises(Conflict, match="cancelling"):
                await sluice.start()
            family.let_go.set()
            await sluice.ended(first)
            assert (await sluice.ended(await sluice.start(force=True))).succeeded == 3


async def test_queue_lets_three_runs_go_one_after_another_in_their_order(opener: Opener) -> None:
    family = HeldInLine()
    async with opener(family) as sluice:
        await sluice.add_users(12)
        first, second, third = [await sluice.start(force=True) for _ in range(3)]
        async with sluice.worker():
            await family.until_inside(12)
            assert await waits(sluice, second, third)
            family.let_go.set()
            ended = [await sluice.ended(run_id) for run_id in (first, second, third)]
        assert [run.succeeded for run in ended] == [12, 12, 12]
        assert set(family.executed.values()) == {3}
        await assert_one_after_another(sluice, first, second, third)
        assert await kinds(sluice, first) == ["created", "begun", "ended"]
        assert await kinds(sluice, second) == ["created", "queued", "begun", "ended"]


async def test_queue_takes_many_that_start_at_the_same_instant_and_runs_every_one(
    opener: Opener,
) -> None:
    class InLine(Recording):
        overlap = Overlap.QUEUE

    async with opener(InLine(), pool_size=10) as sluice:
        await sluice.add_users(3)
        run_ids = await asyncio.gather(*(sluice.start(force=True) for _ in range(10)))
        assert sum([await waits(sluice, run_id) for run_id in run_ids]) == 9
        async with sluice.worker():
            ended = [await sluice.ended(run_id) for run_id in run_ids]
        in_turn = sorted(ended, key=lambda run: str(run.started_at))
        await assert_one_after_another(sluice, *(run.id for run in in_turn))
    assert all(run.succeeded == 3 for run in ended)


async def test_queue_goes_on_past_a_run_that_was_cancelled_while_it_waited(
    opener: Opener,
) -> None:
    family = HeldInLine()
    async with opener(family) as sluice:
        await sluice.add_users(4)
        first, second, third = [await sluice.start(force=True) for _ in range(3)]
        async with sluice.worker():
            await family.until_inside(4)
            assert (await cancel(sluice, second)).status == RunStatus.CANCELLED
            assert await waits(sluice, third)  # the first still goes
            family.let_go.set()
            await sluice.ended(third)
        await assert_one_after_another(sluice, first, third)
        assert await kinds(sluice, second) == ["created", "queued", "cancelling", "ended"]


async def test_queue_begins_a_run_at_once_that_was_paused_while_its_turn_came(
    opener: Opener,
) -> None:
    family = HeldInLine()
    async with opener(family, watchdog_seconds=3600) as sluice:
        await sluice.add_users(4)
        control = sluice.service.api.control
        first, second, third = [await sluice.start(force=True) for _ in range(3)]
        async with sluice.worker():
            await family.until_inside(4)
            assert (await control.pause(second, by="test")).status == RunStatus.PAUSED
            family.let_go.set()
            await sluice.ended(first)
            assert await waits(sluice, second, third)  # it keeps its place
            await control.resume(second, by="test")
            for run_id in (second, third):
                await sluice.ended(run_id)
        await assert_one_after_another(sluice, first, second, third)


async def test_queue_goes_on_past_a_run_that_fails_and_one_that_finds_nothing_to_do(
    opener: Opener,
) -> None:
    class Failing(Recording):
        overlap = Overlap.QUEUE

        async def existing(self, *_: object) -> set[str]:
            return set(self.done)

    def fail_at_first(item_id: str, ctx: Context) -> None:
        if family.executed[item_id] == 1:
            raise Fatal("not the first time")

    family = Failing(fail_at_first)
    async with opener(family) as sluice:
        await sluice.add_users(4)
        failing, working, empty, forced = (
            await sluice.start(),
            await sluice.start(),
            await sluice.start(),
            await sluice.start(force=True),
        )
        async with sluice.worker():
            ended = [await sluice.ended(run_id) for run_id in (failing, working, empty, forced)]
        await assert_one_after_another(sluice, failing, working, empty, forced)
    assert [(run.status, run.succeeded) for run in ended] == [
        ("failed", 0),
        ("succeeded", 4),
        ("succeeded", 0),
        ("succeeded", 4),
    ]
    assert ended[2].reason == "all_processed"


async def test_queue_goes_on_past_a_run_whose_layer_gives_up(opener: Opener) -> None:
    class Broken(Recording):
        overlap = Overlap.QUEUE
        breaks = True

        async def existing(self, *_: object) -> set[str]:
            if self.breaks:
                raise RuntimeError("the cache is away")
            return set()

    family = Broken()
    async with opener(family) as sluice:
        await sluice.add_users(2)
        first, second = await sluice.start(), await sluice.start(force=True)
        await sluice.sql("UPDATE sluice.message SET attempts = 7")
        async with sluice.worker():
            assert (await sluice.ended(first)).reason == "layer_failed"
            assert (await sluice.ended(second)).succeeded == 2


async def test_allow_lets_runs_go_beside_one_another_and_never_both_at_one_item(
    opener: Opener,
) -> None:
    spans: dict[str, list[tuple[float, float, str]]] = {}

    met = asyncio.Event()

    async def write_down(item_id: str, ctx: Context) -> None:
        began = time.monotonic()
        await met.wait()
        spans.setdefault(item_id, []).append((began, time.monotonic(), str(ctx.run_id)))

    async with opener(Beside(write_down)) as sluice:
        users = await sluice.add_users(24)
        run_ids = [await sluice.start(force=True) for _ in range(2)]
        async with sluice.worker(), sluice.worker():
            # A delivery finds its item at work in the other run, which uses up no attempt.
            async with asyncio.timeout(PATIENCE):
                while not await sluice.sql("SELECT 1 FROM sluice.item WHERE postponements > 0"):
                    await asyncio.sleep(0.02)
            met.set()
            ended = [await sluice.ended(run_id) for run_id in run_ids]
        rows = [await sluice.items(run_id) for run_id in run_ids]
    for run, of_run in zip(ended, rows, strict=True):
        assert (run.status, run.succeeded) == ("succeeded", 24)
        assert_exact(run, of_run)
    assert {row.attempts for row in itertools.chain(*rows)} == {1}
    assert set(spans) == set(users)
    for item in spans.values():
        (_, former_ended, former), (later_began, _, later) = sorted(item)
        assert former != later
        assert later_began >= former_ended
