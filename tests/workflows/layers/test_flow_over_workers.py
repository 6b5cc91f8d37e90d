"""Flow control over several worker processes, judged by what their items wrote down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from app.flow.limits import FlowControl
from app.flow.redis_gate import LEASE
from tests.flow.gates import lease_ends
from tests.support.clocks.rates import assert_rate_kept
from tests.support.http import api
from tests.support.network.wire import wire_to
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import (
    EVIDENCE,
    UVLOOP,
    limited,
    worker_process,
    worker_processes,
)
from tests.support.service import Opener, Sluice

pytestmark = pytest.mark.alone

KEY = "traced.execute"
PATH = f"/api/flow-control/{KEY}"
TAKEN_OVER = "SELECT 1 FROM sluice.run_event WHERE kind = 'taken_over'"
FOLLOW = 1.0
"""Seconds within which workers follow a change. Said in what is begun in that time at full speed,
because a machine on which they hear of it late has them begin as much less."""


@dataclass(frozen=True)
class Execution:
    """Seconds of the machine's clock. ``ended`` is infinite while it is at work."""

    pid: int
    began: float
    ended: float


@dataclass(frozen=True)
class Evidence:
    sluice: Sluice

    async def executions(self) -> list[Execution]:
        rows = await self.sluice.sql(
            "SELECT pid, extract(epoch FROM began)::float8,"
            " coalesce(extract(epoch FROM ended)::float8, 'Infinity') FROM execution ORDER BY began"
        )
        return [Execution(*row) for row in rows]

    async def until_begun(self, number: int) -> list[Execution]:
        """Wait until at least so many have begun."""
        async with asyncio.timeout(PATIENCE):
            while len(found := await self.executions()) < number:
                await asyncio.sleep(0.02)
        return found

    async def until_at_most(self, number: int) -> list[Execution]:
        """Wait until no more were at work at once while the last thirty began."""
        began = len(await self.executions())
        while True:
            found = await self.until_begun(began + 30)
            if most_at_once(found, since=found[began].began) <= number:
                return found
            began = len(found)

    async def until_still(self) -> list[Execution]:
        """Wait until nothing is at work, and nothing has begun for a while."""
        async with asyncio.timeout(PATIENCE):
            former: list[Execution] = []
            while (found := await self.executions()) != former or not all(
                one.ended < 1e12 for one in found
            ):
                former = found
                await asyncio.sleep(0.5)
        return found


@asynccontextmanager
async def limited_items(
    opener: Opener, control: FlowControl, items: int
) -> AsyncIterator[Evidence]:
    async with opener(limited(0, control)) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(items)
        yield Evidence(sluice)


def most_at_once(executions: Sequence[Execution], since: float = 0, until: float = 1e12) -> int:
    """The most that were at work at one time between the two."""
    changes = sorted(
        [(max(one.began, since), 1) for one in executions if one.ended > since]
        + [(one.ended, -1) for one in executions if one.ended > since]
    )
    most = now = 0
    for at, change in changes:
        if at > until:
            break
        now += change
        most = max(most, now)
    return most


async def test_three_workers_together_never_do_more_than_ten_at_once_and_do_ten(
    opener: Opener,
) -> None:
    control = FlowControl(parallelism=10)
    prefix = opener.settings.redis_prefix
    async with limited_items(opener, control, 200) as evidence:
        async with worker_processes(3, opener.urls, prefix, item_seconds=0.1, control=control):
            run = await evidence.sluice.ended(await evidence.sluice.start())
        found = await evidence.executions()
    assert run.status == "succeeded"
    assert len(found) == run.succeeded == 200
    assert most_at_once(found) == 10
    assert len({one.pid for one in found}) == 3


async def test_three_workers_together_never_start_anything_before_its_turn_by_the_rate(
    opener: Opener,
) -> None:
    """That the rate is used in full, ``tests.flow.test_permits_over_time`` says."""
    control = FlowControl(rate=50)
    prefix = opener.settings.redis_prefix
    async with limited_items(opener, control, 150) as evidence:
        async with worker_processes(3, opener.urls, prefix, item_seconds=0, control=control):
            since = time.time()
            run = await evidence.sluice.ended(await evidence.sluice.start())
        found = await evidence.executions()
    assert len(found) == run.succeeded == 150
    assert_rate_kept((one.began for one in found), since, 1 / 50, clock=UVLOOP)
    assert len({one.pid for one in found}) == 3


async def test_the_slots_of_a_killed_worker_come_back_with_the_end_of_their_lease(
    opener: Opener,
) -> None:
    """By Redis's own clock, which is this machine's."""
    control = FlowControl(parallelism=4)
    prefix = opener.settings.redis_prefix
    async with limited_items(opener, control, 40) as evidence:
        run_id = await evidence.sluice.start()
        async with worker_process(opener.urls, prefix, item_seconds=600, control=control) as holder:
            await evidence.until_begun(4)
            async with worker_process(opener.urls, prefix, item_seconds=0.05, control=control):
                await asyncio.sleep(0.3)
                assert {one.pid for one in await evidence.executions()} == {holder.pid}
                await holder.kill()
                killed = time.time()
                redis = evidence.sluice.service.redis
                ends = await lease_ends(redis, prefix, KEY)
                run = await evidence.sluice.ended(run_id)
        found = await evidence.executions()
    assert run.succeeded == 40
    after = [one for one in found if one.pid != holder.pid]
    assert len(after) == 40
    assert len(ends) == 4
    assert killed < min(ends) <= max(ends) <= killed + LEASE.total_seconds()
    assert after[0].began >= min(ends)
    assert most_at_once(after) == 4


async def test_a_worker_cut_from_its_database_keeps_the_slots_of_what_it_has_at_work(
    opener: Opener,
) -> None:
    """Others take its items over, because its session is gone; but it is at work
    (docs/decisions/0048)."""
    control = FlowControl(parallelism=4)
    prefix, lease = opener.settings.redis_prefix, LEASE.total_seconds()
    async with (
        limited_items(opener, control, 8) as evidence,
        wire_to(opener.urls.database) as (wire, dsn),
        worker_process(
            replace(opener.urls, database=dsn), prefix, item_seconds=600, control=control
        ) as cut_off,
    ):
        redis = evidence.sluice.service.redis
        await evidence.sluice.start()
        await evidence.until_begun(4)
        async with worker_process(
            opener.urls, prefix, item_seconds=0.05, control=control, heartbeat=PATIENCE
        ):
            wire.cut()
            async with asyncio.timeout(PATIENCE):
                while not await evidence.sluice.sql(TAKEN_OVER):
                    await asyncio.sleep(0.02)
                taken_over = time.time()
                # For half a lease the other one has its items in hand, and asks for slots.
                while min(await lease_ends(redis, prefix, KEY)) < taken_over + 1.5 * lease:
                    await asyncio.sleep(0.1)
            found = await evidence.executions()
            assert len(await lease_ends(redis, prefix, KEY)) == 4
    assert [one.pid for one in found] == 4 * [cut_off.pid]


async def test_a_lower_limit_is_kept_by_every_worker_within_a_second(opener: Opener) -> None:
    control = FlowControl(parallelism=10)
    prefix = opener.settings.redis_prefix
    async with (
        limited_items(opener, control, 2_000) as evidence,
        api(evidence.sluice) as caller,
        worker_processes(2, opener.urls, prefix, item_seconds=0.1, control=control),
    ):
        await evidence.sluice.start()
        before = await evidence.until_begun(60)
        assert (await caller.put(PATH, json={"parallelism": 3})).status_code == 200
        lowered = len(await evidence.executions())
        settled = len(await evidence.until_at_most(3))
        found = await evidence.until_begun(settled + 40)
    assert most_at_once(before) == 10
    assert settled - lowered <= FOLLOW * 10 / 0.1 + 10 + 2 * 30
    assert most_at_once(found, since=found[settled].began) == 3


async def test_a_pause_stops_starts_within_a_second_and_a_resume_goes_on(opener: Opener) -> None:
    control = FlowControl(parallelism=5)
    prefix = opener.settings.redis_prefix
    async with (
        limited_items(opener, control, 400) as evidence,
        api(evidence.sluice) as caller,
        worker_processes(2, opener.urls, prefix, item_seconds=0.05, control=control),
    ):
        run_id = await evidence.sluice.start()
        await evidence.until_begun(30)
        assert (await caller.post(f"{PATH}/pause")).status_code == 200
        paused = len(await evidence.executions())
        begun = await evidence.until_still()
        assert len(begun) - paused <= FOLLOW * 5 / 0.05 + 5
        await asyncio.sleep(FOLLOW)
        assert await evidence.executions() == begun
        assert len(begun) < 400
        assert (await caller.post(f"{PATH}/resume")).status_code == 200
        run = await evidence.sluice.ended(run_id)
    assert run.succeeded == 400
