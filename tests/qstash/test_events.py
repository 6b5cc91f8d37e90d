"""With QStash as the engine an event is started by the call that brings it, or by the tick."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.workflows.family import Context, Event
from tests.qstash.called_service import called_service
from tests.support.http import OPS, bearer
from tests.support.service import Opener
from tests.workflows.events.heard import (
    Alone,
    Gathering,
    Hearing,
    items_of_runs,
    pass_by,
    registered,
    runs,
    seen,
    sent,
)
from tests.workflows.events.invoices import PAID, Awaiting, found

EVENT = {"name": "user/registered", "data": {"user": {"id": "u00002"}}, "id": "e1"}


async def test_an_event_is_started_before_it_is_answered(opener: Opener) -> None:
    async with called_service(opener, Hearing()) as called:
        await called.sluice.add_users(3)
        answer = await called.client.post("/api/events", json=EVENT, headers=bearer(OPS))
        assert answer.status_code == 202
        [run] = await runs(called.sluice)
        ended = await called.sluice.ended(run.id)
        again = await called.client.post("/api/events", json=EVENT, headers=bearer(OPS))
        assert again.status_code == 200
        assert len(await runs(called.sluice)) == 1
    assert (ended.status, ended.succeeded, ended.item_ids) == ("succeeded", 1, ["u00002"])


async def test_what_was_taken_and_not_started_is_started_by_the_tick(opener: Opener) -> None:
    async with called_service(opener, Gathering()) as called:
        await called.sluice.add_users(2)
        await sent(called.sluice, seen("u00001"), seen("u00002"))
        await called.tick()
        assert await runs(called.sluice) == []
        await pass_by(called.sluice, timedelta(minutes=5))
        await asyncio.gather(*(called.tick() for _ in range(3)))
        [run] = await runs(called.sluice)
        assert (await called.sluice.ended(run.id)).succeeded == 2


async def test_a_family_with_one_run_at_a_time_has_its_events_started_at_the_next_tick(
    opener: Opener,
) -> None:
    free = asyncio.Event()

    async def work(_item: str, _ctx: object) -> None:
        await free.wait()

    class Slow(Alone):
        on = (Event("user/registered", item="user.id"),)

    async with called_service(opener, Slow(work)) as called:
        await called.sluice.add_users(2)
        await sent(called.sluice, registered("u00001"))
        await sent(called.sluice, registered("u00002"))
        await called.tick()
        assert await items_of_runs(called.sluice) == [["u00001"]]
        free.set()
        await called.sluice.ended((await runs(called.sluice))[0].id)
        await called.tick()
        assert await items_of_runs(called.sluice) == [["u00001"], ["u00002"]]
        assert (await called.sluice.ended((await runs(called.sluice))[1].id)).succeeded == 1


async def test_an_item_goes_on_with_the_event_that_it_waits_for_or_with_its_timeout(
    opener: Opener,
) -> None:
    async def script(item: str, ctx: Context) -> object:
        event = await ctx.wait_for(
            PAID, match="invoice.id", timeout=timedelta(seconds=1 if item == "u00002" else 3_600)
        )
        return event.id if event else None

    family = Awaiting(script)
    async with called_service(opener, family) as called:
        sluice = called.sluice
        await sluice.add_users(2)
        run_id = await sluice.start()
        # Whether the short one still waits by now or not.
        await found(sluice, 2, "SELECT 1 FROM sluice.step WHERE event IS NOT NULL")
        event = {"name": PAID, "id": "e1", "data": {"invoice": {"id": "u00001"}}}
        answers = [
            await called.client.post("/api/events", json=event, headers=bearer(OPS))
            for _ in range(2)
        ]
        run = await sluice.ended(run_id)
    assert [answer.json()["events"][0]["woke"] for answer in answers] == [1, 0]
    assert run.status == "succeeded"
    assert family.results == {"u00001": "e1", "u00002": None}
