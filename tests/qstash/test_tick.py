"""A clock's call in place of a worker's loops: what it sees to, and what does not stop it."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from app.qstash_dev.delivery.faults import Faults
from app.workflows.worker.tick import Tick, TickPart
from app.workflows.worker.watch_lock import watch_lock
from tests.qstash.called_service import called_service
from tests.support.control import kinds
from tests.support.families import Recording
from tests.support.http import CRON, OPS, api, assert_problem, bearer
from tests.support.network.llm_server import Server
from tests.support.service import Opener
from tests.workflows.notifications.told import FINE, LOOPBACK, add_target, deliveries

PATH = "/api/qstash/tick"
FREE = ["outbox", "schedules", "events"]
ALONE = [
    "runs", "wakes", "samples", "limits", "flow", "coverage", "notifications", "batches",
    "retention",
]  # fmt: skip


async def test_a_signed_call_or_any_clock_with_a_token_makes_it(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        for secret in (CRON, OPS):
            answer = await called.client.post(PATH, headers=bearer(secret))
            assert answer.json() == {
                "success": True,
                "done": [*FREE, *ALONE, "runs"],
                "failed": [],
                "cutOff": [],
                "elsewhere": [],
            }
        assert_problem(await called.client.post(PATH), 401)
        signature = called.qstash.parts.signing_keys.sign(called.url + PATH, b"", time.time())
        answer = await called.client.post(PATH, headers={"Upstash-Signature": signature})
        assert answer.status_code == 200


async def test_with_postgres_as_the_engine_the_workers_see_to_it(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as client:
        document = assert_problem(await client.post(PATH), 404)
        assert document["detail"].startswith("SLUICE_ENGINE is postgres")


async def test_a_schedule_that_is_due_starts_its_run(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        await called.sluice.add_users(3)
        body = {"family": "recording", "name": "hourly", "expression": "0 * * * *", "tz": "UTC"}
        made = await called.client.post("/api/schedules", json=body, headers=bearer(OPS))
        assert made.status_code == 201, made.text
        await called.tick()
        assert not await called.sluice.sql("SELECT 1 FROM sluice.run")
        await called.sluice.sql("UPDATE sluice.schedule SET next_at = now() - interval '1 s'")
        await asyncio.gather(*(called.tick() for _ in range(5)))
        [[run_id]] = await called.sluice.sql("SELECT id FROM sluice.run")
        run = await called.sluice.ended(run_id)
        assert (run.status, run.succeeded) == ("succeeded", 3)


async def test_a_run_whose_messages_are_lost_is_found_and_goes_on(opener: Opener) -> None:
    async with called_service(opener, Recording(), faults=Faults(vanish=1.0)) as called:
        await called.sluice.add_users(4)
        run_id = await called.sluice.start()
        await called.sender.send()
        await called.qstash.settled()  # it has taken the message, and lost it
        called.faults.vanish = 0.0
        await called.sluice.sql("DELETE FROM sluice.outbox")
        await called.tick()
        assert (await called.sluice.ended(run_id)).succeeded == 4
        assert "repaired" in await kinds(called.sluice, run_id)


async def test_it_sends_what_is_told_of_runs(opener: Opener, server: Server) -> None:
    server.answers = [FINE]
    async with called_service(
        opener, Recording(), notify_private=LOOPBACK["notify_private"]
    ) as called:
        await add_target(called.sluice, server.url)
        await called.sluice.add_users(2)
        run = await called.sluice.ended(await called.sluice.start())
        [row] = await deliveries(called.sluice)
        assert (row.event, row.run_id, row.attempts) == ("run.succeeded", run.id, 0)
        await asyncio.gather(*(called.tick() for _ in range(3)))
        [row] = await deliveries(called.sluice)
        assert (row.status, row.attempts) == ("delivered", 1)
    assert len(server.requests) == 1


async def test_what_fails_or_takes_too_long_stops_none_of_the_others(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        done: list[str] = []

        async def works() -> None:
            done.append("works")

        async def breaks() -> None:
            raise RuntimeError("a bug of ours")

        tick = Tick(
            sluice.service.pools.holding,
            [TickPart("breaks", breaks, 60), TickPart("hangs", asyncio.Event().wait, 0.01)],
            [TickPart("breaks too", breaks, 60), TickPart("works", works, 60)],
        )
        told = await tick.run()
        assert (told.done, told.failed, told.cut_off) == (
            ["works"], ["breaks", "breaks too"], ["hangs"]
        )  # fmt: skip
        assert done == ["works"]


async def test_two_at_once_do_no_harm(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        async with watch_lock(called.sluice.service.pools.holding, timedelta(minutes=1)) as ours:
            assert ours is not None
            answer = await called.client.post(PATH, headers=bearer(OPS))
            assert (answer.json()["done"], answer.json()["elsewhere"]) == (FREE, ALONE)
        answer = await called.client.post(PATH, headers=bearer(OPS))
        assert answer.json()["elsewhere"] == []
