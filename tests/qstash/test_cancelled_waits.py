"""A run is cancelled whose items wait, and QStash is the engine: they end with it, whoever dies,
and what is on its way to them finds nothing to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import text

from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import local_qstash
from app.store.statuses import ItemStatus
from app.workflows.contract.job_family import AnyFamily
from app.workflows.family import Context
from tests.chaos.called_app import called_app
from tests.qstash.called_service import CalledService, called_service, settings_of
from tests.support.http import OPS, bearer
from tests.support.patience import PATIENCE
from tests.support.servers.ports import free_port
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.stepped import Stepped, items_at
from tests.workflows.events.heard import sent
from tests.workflows.events.invoices import PAID, Awaiting, paid, steps_waiting, wait

HOUR = timedelta(hours=1)
HELD = (
    """
    CREATE FUNCTION tests.hold() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END'
    """,
    """
    CREATE TRIGGER hold AFTER UPDATE ON sluice.item FOR EACH ROW
    WHEN (NEW.status = 'cancelled') EXECUTE FUNCTION tests.hold()
    """,
)
"""Whoever cancels an item stands still where it is written."""
LET_GO = "DROP FUNCTION tests.hold CASCADE"


async def wait_an_hour(item: str, ctx: Context) -> object:
    return await ctx.wait_for(PAID, match="invoice.id", timeout=HOUR)


async def post(called: CalledService, path: str) -> httpx2.Response:
    answer = await called.client.post(path, headers=bearer(OPS))
    assert answer.status_code == 200, answer.text
    return answer


async def assert_cancelled(sluice: Sluice, run_id: str, number: int) -> None:
    run = await sluice.ended(run_id)
    assert (run.status, run.cancelled, run.suspended) == ("cancelled", number, 0)
    assert_exact(run, await sluice.items(run_id))


class Waiting(Stepped):
    """Whatever an item may wait for."""

    name = "waiting"


class ChildWaits(Stepped):
    name = "child-waits"


async def wait_for_all(item: str, ctx: Context) -> object:
    match item:
        case "u00001":
            return await ctx.wait_for(PAID, match="invoice.id")
        case "u00002":
            return await wait_an_hour(item, ctx)
        case "u00003":
            await ctx.sleep("nap", HOUR)
            return None
        case "u00004":
            return await ctx.suspend("decide", {"item": item}, timeout=HOUR)
        case _:
            return await ctx.child("kid", "child-waits", item)


async def test_items_that_wait_for_whatever_end_with_their_run(opener: Opener) -> None:
    family = Waiting(wait_for_all)
    async with called_service(opener, family, ChildWaits(wait)) as called:
        sluice = called.sluice
        await sluice.add_users(5)
        run_id = await sluice.start()
        await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        await steps_waiting(sluice, 3)
        [[child]] = await sluice.sql("SELECT id FROM sluice.run WHERE family = 'child-waits'")
        await items_at(sluice, child, ItemStatus.SUSPENDED)
        await sluice.sql("CREATE TABLE tests.sent AS SELECT * FROM sluice.outbox")
        await post(called, f"/api/runs/{run_id}/cancel")
        await assert_cancelled(sluice, run_id, 5)
        await assert_cancelled(sluice, child, 1)
        assert await sluice.sql("SELECT id FROM sluice.outbox") == []  # nobody is called in an hour
        await sluice.sql("INSERT INTO sluice.outbox OVERRIDING SYSTEM VALUE TABLE tests.sent")
        await sluice.sql("DROP TABLE tests.sent")
        # What comes all the same finds nothing: an event, an answer, and the end of their time.
        taken = await sent(sluice, *(paid(f"u{number:05}") for number in (1, 2, 5)))
        path = f"/api/runs/{run_id}/items/u00004/resume"
        answer = await called.client.post(path, json={"data": 1}, headers=bearer(OPS))
        before = len(called.seen)
        await sluice.sql(
            "UPDATE sluice.outbox SET due_at = now(), try_at = now(), publication = NULL"
        )
        await post(called, "/api/qstash/tick")
        await sluice.drained()
        rows = await sluice.items(run_id)
    assert [one.woke for one in taken.receipts] == [0, 0, 0]
    assert answer.status_code == 409
    # The three whose time was to end were called for, and each answered.
    assert [call.status for call in called.seen[before:]].count(200) >= 3
    assert {call.status for call in called.seen} == {200}
    assert {row.status for row in rows} == {"cancelled"}
    assert family.results == {}


async def test_an_item_that_an_event_has_woken_ends_when_its_run_is_cancelled_first(
    opener: Opener,
) -> None:
    """Its message is on its way to QStash."""
    family = Awaiting(wait)
    async with called_service(opener, family) as called:
        sluice = called.sluice
        await sluice.add_users(1)
        run_id = await sluice.start()
        await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        await sluice.drained()
        called.faults.vanish = 1.0  # QStash takes it, and nothing comes
        taken = await sent(sluice, paid("u00001", "e1"))
        await post(called, f"/api/runs/{run_id}/cancel")
        await assert_cancelled(sluice, run_id, 1)
        called.faults.vanish = 0.0
        await sluice.sql("UPDATE sluice.outbox SET try_at = now(), publication = NULL")
        await post(called, "/api/qstash/tick")
        await sluice.drained()
        await assert_cancelled(sluice, run_id, 1)
    assert taken.receipts[0].woke == 1
    assert (family.executed["u00001"], family.results) == (1, {})


def families() -> Sequence[AnyFamily]:
    return [Awaiting(wait_an_hour)]


@pytest.mark.slow
async def test_a_cancel_whose_process_dies_amid_it_is_ended_by_the_tick(opener: Opener) -> None:
    port = free_port()
    async with local_qstash(QStashOptions()) as qstash:
        settings = settings_of(qstash, f"http://127.0.0.1:{port}")
        async with opener(*families(), **settings) as sluice:
            ids = await sluice.add_users(20)
            async with (
                called_app(sluice.service.settings, opener.urls, port, families) as running,
                httpx2.AsyncClient(
                    base_url=running.url, headers=bearer(OPS), timeout=PATIENCE, trust_env=False
                ) as client,
            ):
                run_id = await sluice.start()
                await items_at(sluice, run_id, ItemStatus.SUSPENDED)
                for statement in HELD:
                    await sluice.sql(statement)
                async with sluice.service.database.begin() as tx:
                    await tx.execute(text("SELECT pg_advisory_xact_lock(42)"))
                    cancel = asyncio.create_task(client.post(f"/api/runs/{run_id}/cancel"))
                    await sluice.held_up()
                    await running.kill()
                with pytest.raises(httpx2.HTTPError):
                    await cancel
                await sluice.sql(LET_GO)
                assert (await sluice.run(run_id)).status == "cancelling"
                assert {row.status for row in await sluice.items(run_id)} == {"suspended"}
                await running.start()
                async with asyncio.timeout(PATIENCE):
                    while (await sluice.run(run_id)).finished_at is None:
                        (await client.post("/api/qstash/tick")).raise_for_status()
                await assert_cancelled(sluice, run_id, len(ids))
                taken = await sent(sluice, *(paid(item) for item in ids))
    assert {one.woke for one in taken.receipts} == {0}
