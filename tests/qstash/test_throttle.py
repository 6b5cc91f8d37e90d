"""A throttle where QStash calls: deliveries ask, and those of a held family come again."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from app.flow.limits import FlowControl
from app.store.statuses import EventKind
from app.workflows.family import Context, RetryAfter
from app.workflows.throttles.told_holds import ToldHolds
from tests.qstash.called_service import called_service
from tests.support.http import OPS, api, bearer
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.story import kinds
from tests.workflows.throttles.throttled_family import Throttled, holds_of, say, until_held

WHY = "replicas lag 45 s"
SOON = timedelta(seconds=1)


async def test_nothing_is_begun_while_the_check_says_no_though_no_tick_comes(
    opener: Opener,
) -> None:
    family = Throttled(backoff=SOON)
    async with called_service(opener, family) as called:
        sluice = called.sluice
        await sluice.add_users(6)
        await say(sluice, WHY)
        run_id = await sluice.start()
        await called.sender.send()
        await family.until_looked(3)  # by the same message, which comes again
        assert (await sluice.run(run_id)).status == "pending"
        assert not family.asked
        await say(sluice, None)
        run = await sluice.ended(run_id)
        assert run.succeeded == 6
        told = [EventKind.THROTTLED, EventKind.THROTTLE_OVER]
        assert [kind for kind in await kinds(sluice, run_id) if kind in told] == told
        assert {seen.status for seen in called.seen} == {200}


async def test_a_run_that_goes_stands_still_and_goes_on_with_every_item_counted_once(
    opener: Opener,
) -> None:
    family = Throttled(backoff=SOON, item_seconds=0.05, control=FlowControl(parallelism=2))
    async with called_service(opener, family) as called:
        sluice = called.sluice
        await sluice.add_users(40)
        run_id = await sluice.start()
        await called.sender.send()
        await family.until_begun(5)
        await say(sluice, WHY)
        await until_held(sluice, "recording")
        held = len(family.began)
        await family.until_looked(2)
        assert len(family.began) <= held + 2  # who had been let in by then
        await say(sluice, None)
        run = await sluice.ended(run_id)
        assert run.succeeded == 40
        assert set(family.executed.values()) == {1}
        assert_exact(run, await sluice.items(run_id))


async def test_a_tick_asks_as_well_and_lets_go(opener: Opener) -> None:
    family = Throttled(backoff=timedelta(minutes=10))
    async with called_service(opener, family) as called:
        sluice = called.sluice
        await sluice.add_users(1)
        await say(sluice, WHY)
        await sluice.start()
        await called.sender.send()
        await until_held(sluice, "recording")
        await say(sluice, None)
        await sluice.sql("UPDATE sluice.throttle_look SET look_at = now() - interval '1 s'")
        asked = len(family.looks)
        answer = await called.client.post("/api/qstash/tick", headers=bearer(OPS))
        assert "throttles" in answer.json()["done"]
        assert len(family.looks) == asked + 1
        async with asyncio.timeout(PATIENCE):
            while await holds_of(sluice):
                await asyncio.sleep(0.05)


async def test_a_limit_told_by_the_other_side_holds_what_is_delivered_meanwhile(
    opener: Opener,
) -> None:
    """QStash goes on delivering: each is told when to come again, and fails nothing."""
    told: list[float] = []

    async def work(_item: str, _ctx: Context) -> None:
        if not told:
            told.append(time.monotonic())
            raise RetryAfter(timedelta(seconds=3), "busy", hold=True)

    family = Throttled(work, item_seconds=0.05, control=FlowControl(parallelism=1))
    async with called_service(opener, family) as called:
        sluice = called.sluice
        await sluice.add_users(8)
        run_id = await sluice.start()
        await called.sender.send()
        run = await sluice.ended(run_id)
        items = await sluice.items(run_id)
    late = [at - told[0] for at in family.began if at > told[0]]
    assert min(late) >= 2.9
    assert run.succeeded == 8
    assert {item.attempts for item in items} == {1}
    assert sum(item.postponements for item in items) == 1
    assert {seen.status for seen in called.seen} == {200}


async def test_what_qstash_was_told_to_bring_later_comes_soon_when_an_operator_lifts_the_hold(
    opener: Opener,
) -> None:
    family = Throttled(control=FlowControl(parallelism=1))
    async with called_service(opener, family) as called, api(called.sluice) as caller:
        sluice = called.sluice
        await sluice.add_users(4)
        service = sluice.service
        told = ToldHolds(service.pools.ledger, service.controls, service.throttles.tell)
        await told.hold("recording.execute", timedelta(hours=1), "busy")
        run_id = await sluice.start()
        await called.sender.send()
        async with asyncio.timeout(PATIENCE):
            while await _later(sluice) < 4:
                await asyncio.sleep(0.05)
        assert not family.began
        answer = await caller.post("/api/flow-control/recording.execute/lift")
        assert answer.status_code == 200, answer.text
        assert (await sluice.ended(run_id)).succeeded == 4


async def _later(sluice: Sluice) -> int:
    """Items that QStash is to deliver when the hold was to end."""
    [[number]] = await sluice.sql(
        "SELECT count(*) FROM sluice.outbox WHERE flow_key = 'recording.execute'"
        " AND due_at > now() + interval '50 min' AND try_at IS NULL AND held_until IS NULL"
    )
    return int(number)
