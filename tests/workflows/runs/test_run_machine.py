"""A run's life in random order: whatever happens to it, and in whichever order, it keeps its
promises, and a worker that is left alone ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.config.priorities import ORDINARY
from app.errors import Conflict, InvalidTransition
from app.store.items import items
from app.store.items.failures import RetrySelection
from app.store.runs import events, runs
from app.store.statuses import ENDED, ItemStatus
from app.store.tables.items import Item
from app.store.tables.runs import Run
from app.workflows.contract.cron import Overlap
from app.workflows.family import Context, Fatal, RetryAfter, Skip, Systemic
from app.workflows.messages import PaginateMessage, executions
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.story import assert_ended_rightly, assert_legal

USERS = 13
BY = "machine"
T = TypeVar("T")
FATES = ("ok", "ok", "fatal", "skip", "flaky", "later")


class Fated(Recording):
    """Each item has its fate; all of them fail while the world is broken."""

    overlap = Overlap.QUEUE
    page_size = 5
    chunk_size = 3
    max_failure_rate = None

    def __init__(self) -> None:
        super().__init__(self._meet)
        self.fates: dict[str, str] = {}
        self.broken = False

    async def _meet(self, item_id: str, ctx: Context) -> None:
        if self.broken:
            raise Systemic("the key is refused")
        await asyncio.sleep(0.005)
        match self.fates[item_id]:
            case "fatal":
                raise Fatal("hopeless")
            case "skip":
                raise Skip("has left")
            case "flaky" if ctx.attempt == 1:
                raise ConnectionError("not the first time")
            case "later" if self.executed[item_id] % 2:
                raise RetryAfter(timedelta(milliseconds=10))


class World:
    """The service that every example uses, on a loop of its own."""

    def __init__(self, runner: asyncio.Runner, sluice: Sluice, family: Fated) -> None:
        self._runner = runner
        self.sluice = sluice
        self.family = family

    def do(self, work: Coroutine[Any, Any, T]) -> T:  # what a coroutine sends is its own
        return self._runner.run(work)

    def clear(self) -> None:
        tables = ", ".join(
            f"sluice.{name}" for name in ("run", "item", "run_event", "idempotency_key", "message")
        )
        self.do(self.sluice.sql(f"TRUNCATE {tables}"))
        self.family.executed.clear()
        self.family.broken = False


class Life(RuleBasedStateMachine):
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []
        self.working = AsyncExitStack()
        self.on = False
        self.outcomes: dict[tuple[str, str], Item] = {}

    @initialize(fates=st.lists(st.sampled_from(FATES), min_size=USERS, max_size=USERS))
    def begin(self, fates: list[str]) -> None:
        self.world.clear()
        ids = [f"u{n:05}" for n in range(1, USERS + 1)]
        self.world.family.fates = dict(zip(ids, fates, strict=True))
        self.start()

    @precondition(lambda self: len(self.runs) < 3)
    @rule()
    def start(self) -> None:
        self.runs.append(self.world.do(self.world.sluice.start(force=True)))

    @rule(moments=st.integers(0, 5))
    def let_a_worker_work(self, moments: int) -> None:
        async def work() -> None:
            if not self.on:
                await self.working.enter_async_context(self.world.sluice.worker())
                self.on = True
            await asyncio.sleep(moments * 0.01)

        self.world.do(work())

    @precondition(lambda self: self.on)
    @rule()
    def stop_the_worker(self) -> None:
        self.world.do(self.working.aclose())
        self.on = False

    @rule(which=st.integers(0, 2))
    def pause(self, which: int) -> None:
        self.control("pause", which)

    @rule(which=st.integers(0, 2))
    def resume(self, which: int) -> None:
        self.control("resume", which)

    @rule(which=st.integers(0, 2), sure=st.integers(0, 2))
    def cancel(self, which: int, sure: int) -> None:
        if not sure:  # less often than the others, or most runs would end so
            self.control("cancel", which)

    @rule(which=st.integers(0, 2))
    def retry(self, which: int) -> None:
        run = self.run(which)
        client, bound = self.world.sluice.service.client, self.world.sluice.bound()
        with suppress(Conflict):  # nothing of it has failed
            retried = client.retry(bound, run, RetrySelection(), started_by=BY, once=None)
            self.runs.append(self.world.do(retried).run_id)

    @rule(broken=st.booleans())
    def break_or_mend_the_world(self, broken: bool) -> None:
        self.world.family.broken = broken

    @rule()
    def empty_the_queue(self) -> None:
        self.world.do(self.world.sluice.sql("DELETE FROM sluice.message"))

    @rule(which=st.integers(0, 2))
    def publish_a_page_again(self, which: int) -> None:
        message = PaginateMessage(run=self.run(which).id)
        for _ in range(2):
            self.world.do(self.world.sluice.publish(message.outgoing("recording", ORDINARY)))

    @rule(which=st.integers(0, 2))
    def publish_its_items_again(self, which: int) -> None:
        """Those that wait, those in hand, and those that have ended."""
        run_id, sluice = self.run(which).id, self.world.sluice
        ids = [row.item_id for row in self.world.do(sluice.items(run_id))]
        messages = executions("recording", run_id, ids, 20, ORDINARY)
        for _ in range(2):
            self.world.do(sluice.publish(*messages))

    def control(self, verb: str, which: int) -> None:
        run_id = self.run(which).id
        with suppress(InvalidTransition):  # it has ended, or is about to
            self.world.do(getattr(self.world.sluice.service.api.control, verb)(run_id, by=BY))

    def run(self, which: int) -> Run:
        return self.world.do(self.world.sluice.run(self.runs[which % len(self.runs)]))

    @invariant()
    def every_promise_holds(self) -> None:
        for run_id in self.runs:
            self.world.do(self.judge(run_id))

    async def judge(self, run_id: str) -> None:
        async with self.world.sluice.service.database.connect() as connection:
            # One snapshot, so that it holds while workers write.
            await connection.execution_options(isolation_level="REPEATABLE READ")
            run = await runs.get(connection, run_id)
            rows = await items.page_of_items(connection, run_id, limit=1_000)
            told = await events.page_of_events(connection, run_id, limit=1_000)
        assert_legal(run, told)
        assert_exact(run, rows)
        for row in rows:
            if row.status != ItemStatus.PENDING:
                assert row == self.outcomes.setdefault((run_id, row.item_id), row)
        if run.status in ENDED:
            assert_ended_rightly(run, rows)

    def teardown(self) -> None:
        self.world.family.broken = False
        self.world.do(self.end())

    async def end(self) -> None:
        sluice = self.world.sluice
        if not self.on:
            await self.working.enter_async_context(sluice.worker())
        for run_id in self.runs:
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).status not in ENDED:
                    await self.resume_all()
                    await asyncio.sleep(0.02)
            await self.judge(run_id)
        await self.working.aclose()

    async def resume_all(self) -> None:
        """Again and again: what was in hand while the world was broken pauses a run anew."""
        for run_id in self.runs:
            with suppress(InvalidTransition):
                await self.world.sluice.service.api.control.resume(run_id, by=BY)


@pytest.fixture
def world(opener: Opener) -> Iterator[World]:
    family = Fated()
    with asyncio.Runner() as runner:
        # Connections that are kept belong to the loop of the other tests.
        own = replace(opener, kept=None)
        opening = own(family, watchdog_seconds=0.1, look_ahead=6, stop_timeout=1)
        sluice = runner.run(opening.__aenter__())
        runner.run(sluice.add_users(USERS))
        yield World(runner, sluice, family)
        runner.run(opening.__aexit__(None, None, None))


@pytest.mark.parametrize("part", range(3))  # which processes share
def test_a_run_keeps_its_promises_whatever_happens_to_it_and_in_whichever_order(
    world: World, part: int
) -> None:
    class LifeHere(Life):
        pass

    LifeHere.world = world
    run_state_machine_as_test(
        LifeHere,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
