"""Nobody looked after batches for days, or nobody has their provider's settings any more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse

from app.cli.demo.batches.provider_server import ProviderServer
from app.errors import ConfigurationError
from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.policy import BatchPolicy
from app.store.deferred import batches
from app.store.deferred.delays import TELL_AFTER
from app.store.statuses import RunStatus
from app.workflows.deferred.collector import BatchCollector
from app.workflows.deferred.deadline import FAILING
from app.workflows.deferred.submission import TOO_LARGE
from tests.support.control import control
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import DUE, Deferring, asking, begun, paid_once, waiting

HOUR = timedelta(hours=1)
UNSET = "In the process that looks after batches, LLM_BASE_URL is unset. Give it to every worker."


async def _absent(sluice: Sluice, hours: int) -> None:
    """As if nobody had looked after anything for so long."""
    columns = ("created_at", "submitted_at", "expires_at", "attempted_at", "failing_since")
    earlier = ", ".join(
        f"{one} = {one} - make_interval(hours => :hours)" for one in (*columns, "poll_at")
    )
    query = f"UPDATE sluice.provider_batch SET revision = revision + 1, {earlier}"  # noqa: S608 - ours
    await sluice.sql(query, hours=hours)


@pytest.mark.parametrize("failed_before", [False, True])
async def test_a_provider_that_is_away_when_we_come_back_is_asked_for_a_day(
    opener: Opener, server: ProviderServer, *, failed_before: bool
) -> None:
    server.provider.pace = 1_000_000.0
    away = failed_before

    async def unwell(_call: str) -> Response | None:
        return JSONResponse({"error": {"message": "Unwell."}}, 503) if away else None

    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE polls > 0"):
                await asyncio.sleep(0.02)
            server.before = unwell
            if failed_before:
                while not await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE tries > 1"):
                    await asyncio.sleep(0.02)
        await _absent(sluice, hours=100)
        away = True
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE tries > 6"):
                await asyncio.sleep(0.02)
            assert await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE ended_at IS NULL")
            away, server.provider.pace = False, 0.0
            assert (await sluice.ended(run_id)).succeeded == 2
    assert paid_once(server.provider, *family.results)


async def test_time_in_which_nobody_looked_does_not_count(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server)(Deferring()) as sluice:
        database = sluice.service.database
        async with database.begin() as tx:
            await batches.create(
                tx, "batch_1", provider="llm", url="/v1", model="", lines=1, size=1
            )
        for late, counted in ((0, 10), (30, 10), (0, 20)):
            await sluice.sql(
                "UPDATE sluice.provider_batch SET"
                " failing_since = failing_since - make_interval(hours => 10 + :late),"
                " poll_at = now() - make_interval(hours => :late)",
                late=late,
            )
            async with database.begin() as tx:
                found = await batches.get(tx, "batch_1")
                assert found is not None
                batch = await batches.change(tx, found, tries=found.tries + 1)
                now = await batches.clock(tx)
            assert batch.failing_since is not None
            failing = (now - batch.failing_since) / HOUR
            if batch.tries == 1:
                assert failing == 0
            else:
                # An hour of the time in which it was late counts.
                assert failing == pytest.approx(counted + 1, abs=0.01)
        async with database.begin() as tx:
            batch = await batches.change(tx, batch, tries=0)
        assert (batch.failing_since, batch.denials) == (None, 0)
        for tries, hours in ((0, -100), (5, 1)):  # of calls before the last good one; a clock
            await sluice.sql(
                "UPDATE sluice.provider_batch SET tries = :tries,"
                " failing_since = now() + make_interval(hours => :hours)",
                tries=tries,
                hours=hours,
            )
            async with database.begin() as tx:
                batch = await batches.change(tx, batch, tries=tries + 1)
                assert batch.failing_since == await batches.clock(tx)


async def test_denials_are_counted_in_a_row(opener: Opener, server: ProviderServer) -> None:
    async with (
        asking(opener, server)(Deferring()) as sluice,
        sluice.service.database.begin() as tx,
    ):
        await batches.create(tx, "batch_1", provider="llm", url="/v1", model="", lines=1, size=1)
        batch = await batches.get(tx, "batch_1")
        assert batch is not None
        batch = await batches.change(tx, batch, tries=1, denied="file_1", denials=4)
        assert (batch.denied, batch.denials) == ("file_1", 4)
        batch = await batches.change(tx, batch, polls=1)
        assert (batch.denied, batch.denials) == ("file_1", 4)
        batch = await batches.change(tx, batch, tries=2)
        assert (batch.denied, batch.denials) == (None, 0)


async def _without(sluice: Sluice) -> BatchCollector:
    """That of a process which has no setting of the provider."""
    living = sluice.service.api.batches.collector
    return replace(living, providers={"llm": BatchEndpoint(None, None)})


async def _looked(sluice: Sluice, collector: BatchCollector, times: int) -> None:
    for _ in range(times):
        await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
        await collector.look_at_absent()


@pytest.mark.parametrize("sent", [False, True])
async def test_a_batch_whose_provider_nobody_has_any_more_says_so_and_ends(
    opener: Opener, server: ProviderServer, *, sent: bool
) -> None:
    server.provider.pace = 1_000_000.0
    wanted = {} if sent else {"within": HOUR, "size": 3}
    async with asking(opener, server, **wanted)(Deferring()) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await begun(sluice, run_id, 2)
            async with asyncio.timeout(PATIENCE):
                while sent and not await sluice.sql(
                    "SELECT 1 FROM sluice.provider_batch WHERE polls > 0"
                ):
                    await asyncio.sleep(0.02)
        await sluice.sql(DUE)
        without = await _without(sluice)
        await _looked(sluice, without, TELL_AFTER + 2)
        [batch] = (await caller.get("/api/provider-batches?open=true")).json()["batches"]
        assert batch["error"] == UNSET
        [delayed] = (await caller.get("/api/overview")).json()["delayedBatches"]
        assert (delayed["provider"], delayed["lines"], delayed["error"]) == ("llm", 2, UNSET)
        events = (await caller.get(f"/api/runs/{run_id}/events")).json()["events"]
        [told] = [event for event in events if event["kind"] == "batch_delayed"]
        assert (told["reason"], told["data"]) == ("not_configured", {"provider": "llm"})
        assert UNSET in told["detail"]
        assert (await sluice.run(run_id)).status == RunStatus.RUNNING
        # Its time is over, and for a day it could not be asked.
        await sluice.sql(
            "UPDATE sluice.provider_batch SET failing_since = now() - CAST(:failing AS interval),"
            " revision = revision + 1, created_at = created_at - interval '100 hours',"
            " submitted_at = submitted_at - interval '100 hours',"
            " expires_at = expires_at - interval '100 hours'",
            failing=FAILING,
        )
        # Somebody goes on asking, and so has it.
        await sluice.sql(
            "INSERT INTO sluice.provider_batch (id, provider, url, model, state, lines, size)"
            " VALUES ('batch_2', 'llm', '/v1', '', 'assigned', 0, 0)"
        )
        await _looked(sluice, without, 1)
        assert (await sluice.run(run_id)).suspended == 2
        await sluice.sql(
            "UPDATE sluice.provider_batch SET created_at = now() - CAST(:failing AS interval)"
            " WHERE id = 'batch_2'",
            failing=FAILING,
        )
        await _looked(sluice, without, 1)
        assert (await caller.get("/api/provider-batches?open=true")).json()["batches"] == []
        async with sluice.worker():
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
        assert (await caller.get("/api/overview")).json()["delayedBatches"] == []
    [said] = {row.error_message or "" for row in rows}
    assert UNSET in said
    assert "retr" in said
    assert len(server.provider.batches) == int(sent)


async def test_one_whose_settings_come_back_goes_on(opener: Opener, server: ProviderServer) -> None:
    family = Deferring()
    async with asking(opener, server, within=HOUR, size=3)(family) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, await _without(sluice), 2)
        await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2
    assert paid_once(server.provider, *family.results)


async def test_a_provider_that_the_code_does_not_name_any_more_is_told_by_name(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, within=HOUR, size=3)(Deferring()) as sluice:
        await waiting(sluice, 1)
        other = BatchEndpoint(server.url, server.key, name="other")
        collector = replace(sluice.service.api.batches.collector, providers={"other": other})
        try:
            await _looked(sluice, collector, 1)
        finally:
            await other.aclose()
        [[error]] = await sluice.sql("SELECT error FROM sluice.provider_batch")
    assert "no BatchEndpoint of that name; it has other." in error


async def _gathered(sluice: Sluice, items: int) -> str:
    """A run whose requests are in a batch that a process without the provider's settings has
    made. Returns its id."""
    run_id = await waiting(sluice, items)
    await _looked(sluice, await _without(sluice), 1)
    assert [row[0] for row in await sluice.sql("SELECT lines FROM sluice.provider_batch")] == [
        items
    ]
    return run_id


async def test_what_was_gathered_without_the_settings_goes_in_batches_of_their_size(
    opener: Opener, server: ProviderServer
) -> None:
    family = Deferring()
    async with asking(opener, server, within=HOUR, size=6)(family) as sluice:
        run_id = await _gathered(sluice, 5)
        living = sluice.service.api.batches.collector
        small = BatchPolicy(size=2, poll=timedelta(milliseconds=50))
        api = BatchEndpoint(server.url, server.key, policy=small)
        collector = replace(living, providers={"llm": api})
        try:
            async with asyncio.timeout(PATIENCE):
                while await sluice.sql("SELECT 1 FROM sluice.deferred_call"):
                    await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
                    await collector.round(PATIENCE)
        finally:
            await api.aclose()
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 5
        rows = await sluice.sql("SELECT state, again, error FROM sluice.provider_batch ORDER BY id")
    ended = [("cancelled", 5, TOO_LARGE), *[("completed", 0, None)] * 3]
    assert [tuple(row) for row in rows] == ended
    assert sorted(batch.total for batch in server.provider.batches.values()) == [1, 2, 2]
    assert paid_once(server.provider, *family.results)


async def test_what_nobody_waits_for_any_more_ends_though_its_provider_is_not_there(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, within=HOUR, size=3)(Deferring()) as sluice:
        run_id = await _gathered(sluice, 2)
        await control(sluice, "cancel", run_id)
        async with sluice.worker():
            await sluice.ended(run_id)
        await _looked(sluice, await _without(sluice), 1)
        rows = await sluice.sql("SELECT state, dropped, error FROM sluice.provider_batch")
        assert [tuple(row) for row in rows] == [("cancelled", 2, None)]
        assert await sluice.sql("SELECT 1 FROM sluice.deferred_call") == []


@pytest.mark.parametrize("settings", [{"size": 0}, {"most_bytes": 1_000_000}])
def test_a_policy_by_which_no_request_could_go_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="one request may be so long"):
        BatchPolicy(**settings)  # type: ignore[arg-type]  # numbers all of them
