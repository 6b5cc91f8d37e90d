"""QStash is away: work waits, whoever looks is told, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections import Counter

from app.qstash_dev.delivery.faults import Faults
from tests.qstash.called_service import called_service
from tests.support.families import Recording
from tests.support.http import OPS, bearer
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact


async def test_work_waits_and_goes_on_when_it_is_back(opener: Opener) -> None:
    faults = Faults(away=503)
    async with called_service(opener, family := Recording(), faults=faults) as called:
        await called.sluice.add_users(30)
        answer = await called.client.post(
            "/api/workflows/recording/process-users", json={}, headers=bearer(OPS)
        )
        assert answer.status_code == 202  # it is in the outbox
        run_id = answer.json()["runId"]
        ready = (await called.client.get("/readyz")).json()
        assert ready["checks"] == {"postgres": True, "redis": True, "qstash": False}
        assert ready["reasons"]["qstash"].startswith(
            "QStash has a fault of its own just now (503). Messages wait"
        )
        overview = (await called.client.get("/api/overview", headers=bearer(OPS))).json()
        assert overview["engine"] == "qstash"
        assert overview["qstashAway"] == ready["reasons"]["qstash"]
        await called.tick()
        assert (await called.sluice.run(run_id)).status == "pending"
        faults.away = None
        answer = await called.client.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["qstash"]) == (200, True)
        overview = (await called.client.get("/api/overview", headers=bearer(OPS))).json()
        assert overview["qstashAway"] is None
        await called.due_for_sending()
        await called.tick()
        run = await called.sluice.ended(run_id)
        assert_exact(run, await called.sluice.items(run_id))
        await called.sluice.drained()
    assert family.executed == Counter(f"u{n:05}" for n in range(1, 31))


async def test_it_goes_away_in_the_middle_of_a_run(opener: Opener) -> None:
    faults = Faults()

    def work(item_id: str, ctx: object) -> None:
        if item_id == "u00003":
            faults.away = 500

    class InShortPages(Recording):
        page_size = 5

    async with called_service(opener, family := InShortPages(work), faults=faults) as called:
        await called.sluice.add_users(200)
        run_id = await called.sluice.start()
        async with asyncio.timeout(PATIENCE):
            while not called.sender.away:
                await asyncio.sleep(0.01)
        faults.away = None
        while (await called.sluice.run(run_id)).finished_at is None:
            await called.due_for_sending()
            await called.tick()
        run = await called.sluice.run(run_id)
        assert_exact(run, await called.sluice.items(run_id))
        assert run.succeeded == 200
    assert set(family.saved.values()) == {1}
