"""Providers' batches as operators see them; and where QStash calls the service."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.cli.demo.batches.provider_server import ProviderServer
from tests.qstash.called_service import called_service
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import Deferring, asking, begun, paid_once


async def _with_provider(sluice: Sluice) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE polls > 0"):
            await asyncio.sleep(0.02)


async def test_a_batch_is_listed_from_what_waits_for_it_to_its_end(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.pace = 1_000.0
    slow = {"size": 3, "within": timedelta(hours=1)}
    async with asking(opener, server, **slow)(Deferring()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        await sluice.sql("UPDATE tests.users SET active = false WHERE id = 'u00003'")
        first = await sluice.start()
        async with sluice.worker():
            await begun(sluice, first, 2)
            told = (await caller.get("/api/provider-batches")).json()
            [waits] = told["waiting"]
            assert told["batches"] == []
            assert (waits["provider"], waits["model"], waits["number"]) == ("llm", "small-1", 2)
            item = (await caller.get(f"/api/runs/{first}/item?id=u00001")).json()
            [step] = item["steps"]
            assert (step["kind"], step["status"]) == ("deferred", "waiting")
            assert step["batch"] == {
                "id": None, "state": None, "remoteStatus": None, "expiresAt": None,
            }  # fmt: skip
            assert "messages" not in str(step)
            await sluice.service.api.control.cancel(first, by="test")
            await sluice.ended(first)
            await sluice.sql("UPDATE tests.users SET active = true")
            second = await sluice.start(force=True)
            await _with_provider(sluice)
            told = (await caller.get("/api/provider-batches?open=true")).json()
            [batch] = told["batches"]
            assert (batch["state"], batch["lines"], batch["done"]) == ("submitted", 3, 0)
            assert batch["expiresAt"] is not None
            item = (await caller.get(f"/api/runs/{second}/item?id=u00003")).json()
            assert item["steps"][0]["batch"]["id"] == batch["id"]
            server.provider.pace = 0.01
            assert (await sluice.ended(second)).succeeded == 3
        item = (await caller.get(f"/api/runs/{second}/item?id=u00003")).json()
        assert item["steps"][0]["batch"] is None
        assert (await caller.get("/api/provider-batches?open=true")).json()["batches"] == []
        [batch] = (await caller.get("/api/provider-batches")).json()["batches"]
        assert (batch["state"], batch["done"], batch["error"]) == ("completed", 3, None)
        assert server.key not in str(batch)


async def test_pages_of_batches_end_where_they_are_full(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, size=1)(Deferring()) as sluice, api(sluice) as caller:
        assert (await sluice.played(3)).succeeded == 3
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = (await caller.get(f"/api/provider-batches?limit=2{more}")).json()
            seen += [batch["id"] for batch in page["batches"]]
            cursor = page["nextCursor"]
    assert len(seen) == 3
    assert seen == sorted(seen, reverse=True)


async def test_where_qstash_calls_the_tick_looks_after_batches(
    opener: Opener, server: ProviderServer
) -> None:
    family = Deferring()
    async with called_service(asking(opener, server), family) as called:
        sluice = called.sluice
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while not (run := await sluice.run(run_id)).finished_at:
                await called.tick()
                await asyncio.sleep(0.05)
        assert_exact(run, await sluice.items(run_id))
        assert run.succeeded == 3
    assert paid_once(server.provider, *family.results)
