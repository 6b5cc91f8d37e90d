"""With QStash as the engine an event is started by the call that brings it, or by the tick."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.workflows.family import Event
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
