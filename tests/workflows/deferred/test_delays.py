"""Batches that make no progress: operators see each provider once, and runs are told once a day.
What fails with us, and not with the provider, is told as ours."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.typing import EventDict

from app.cli.demo.batches.provider_server import ProviderServer
from app.metrics.instruments import UNKNOWN
from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.remote_batch import RemoteBatch
from app.store.database import reading
from app.store.deferred import delays
from app.store.deferred.delays import TELL_AFTER
from app.workflows.deferred.collector import BatchCollector
from tests.metrics.scraping import scraped
from tests.metrics.test_door import SCRAPED
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.deferred.asking import Deferring, asking, begun, endpoint, paid_once, waiting

HOUR = timedelta(hours=1)
SECRET = "sk-" + "quite-secret-0123456789"
TOLD = "Sluice, and not the provider, failed at it: Broke: It is ours"


MOVED = """
    UPDATE sluice.provider_batch SET revision = revision + 1, poll_at = now(),
        created_at = created_at + make_interval(hours => :hours),
        submitted_at = submitted_at + make_interval(hours => :hours),
        expires_at = expires_at + make_interval(hours => :hours)
"""


class Broke(Exception):
    pass


class Broken(BatchEndpoint):
    async def retrieve(self, batch_id: str) -> RemoteBatch:
        raise Broke(f"It is ours, at {batch_id}. Authorization: Bearer {SECRET}")

    cancel = retrieve


async def _batch(sluice: Sluice, name: str, **told: Any) -> None:
    """One that has failed for so many ``hours``."""
    values = {"provider": "llm", "error": "It is away.", "tries": TELL_AFTER, "hours": 1} | told
    await sluice.sql(
        "INSERT INTO sluice.provider_batch (id, provider, url, model, state, lines, size, error,"
        " tries, failing_since) VALUES (:id, :provider, '/v1', '', 'assigned', 2, 9, :error,"
        " :tries, now() - make_interval(hours => :hours))",
        id=name,
        **values,
    )


async def test_each_provider_is_told_once_with_what_it_has_said_for_longest(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server)(Deferring()) as sluice:
        await _batch(sluice, "batch_1")
        await _batch(sluice, "batch_2", hours=5, error="It answered 500 at 10:00.")
        await _batch(sluice, "batch_3", hours=3, error="It answered 500 at 12:00.")
        await _batch(sluice, "batch_4", provider="other", hours=2, error="It is other.")
        # One call that has failed is no delay.
        await _batch(sluice, "batch_5", hours=9, tries=TELL_AFTER - 1)
        await _batch(sluice, "batch_6", provider="third", tries=1)
        async with reading(sluice.service.database) as connection:
            found = await delays.delayed(connection, limit=10)
    assert [(one.provider, one.error, one.batches, one.lines) for one in found] == [
        ("llm", "It answered 500 at 10:00.", 3, 6),
        ("other", "It is other.", 1, 2),
    ]
    assert (found[1].since - found[0].since) / HOUR == pytest.approx(3, abs=0.1)


async def test_metrics_tell_how_many_batches_are_delayed_and_for_how_long(opener: Opener) -> None:
    known = replace(opener, providers=[endpoint(None, "")])
    async with known(Deferring(), **SCRAPED) as sluice:
        found = await scraped(sluice)
        assert found.value("sluice_batches_delayed", provider="llm") == 0
        assert found.value("sluice_batch_delay_seconds", provider="llm") == 0
        await _batch(sluice, "batch_1", hours=2)
        await _batch(sluice, "batch_2", hours=3)
        await _batch(sluice, "batch_3", hours=9, tries=TELL_AFTER - 1)
        await _batch(sluice, "batch_4", hours=9)
        await sluice.sql("UPDATE sluice.provider_batch SET ended_at = now() WHERE id = 'batch_4'")
        for number in (5, 6):  # the code has neither any more
            await _batch(sluice, f"batch_{number}", provider=f"gone-{number}", hours=number)
        found = await scraped(sluice)
        assert found.by("provider", "sluice_batches_delayed") == {"llm": 2, UNKNOWN: 2}
        for provider, hours in (("llm", 3), (UNKNOWN, 6)):
            delay = found.value("sluice_batch_delay_seconds", provider=provider)
            assert delay / HOUR.total_seconds() == pytest.approx(hours, abs=0.1)
        assert "gone-" not in found.text


async def test_no_run_is_looked_up_again_that_was_told_or_has_ended(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await begun(sluice, run_id, 1)
        await sluice.sql("UPDATE sluice.deferred_call SET batch_id = 'batch_1'")
        database = sluice.service.database

        async def untold(reason: str, provider: str = "llm") -> list[str]:
            async with reading(database) as connection:
                found = await delays.untold_runs(connection, "batch_1", provider, reason, most=9)
            return list(found)

        assert await untold("refused") == [run_id]
        async with database.begin() as tx:
            await delays.tell(tx, run_id, "llm", "refused", "It says no.")
        assert await untold("refused") == []
        assert await untold("unavailable") == [run_id]
        assert await untold("refused", "other") == [run_id]
        await sluice.sql("UPDATE sluice.run_event SET at = at - interval '25 hours'")
        assert await untold("refused") == [run_id]
        await sluice.sql("UPDATE sluice.run SET status = 'failed', finished_at = now()")
        assert await untold("refused") == []


async def test_a_run_is_told_once_a_day_and_not_when_it_has_ended(
    opener: Opener, server: ProviderServer
) -> None:
    """Also by whoever found it untold before another told it."""
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()

        async def told(provider: str = "llm", reason: str = "refused") -> int:
            async with sluice.service.database.begin() as tx:
                await delays.tell(tx, run_id, provider, reason, "It says no.")
            return len(await sluice.sql(EVENTS))

        assert [await told(), await told()] == [1, 1]
        assert [await told("other"), await told("llm", "unavailable")] == [2, 3]
        await sluice.sql("UPDATE sluice.run_event SET at = at - interval '25 hours'")
        assert [await told(), await told()] == [4, 4]
        await sluice.sql("UPDATE sluice.run SET status = 'failed', finished_at = now()")
        assert await told("third") == 4


EVENTS = "SELECT 1 FROM sluice.run_event WHERE kind = 'batch_delayed'"


async def test_a_delayed_batch_of_which_nothing_is_said_is_shown(opener: Opener) -> None:
    async with opener(Deferring()) as sluice, api(sluice) as caller:
        for name, error in (("batch_1", None), ("batch_2", "It is away.")):
            await _batch(sluice, name, error=error)
            answer = await caller.get("/api/overview")
            assert answer.status_code == 200
            [told] = answer.json()["delayedBatches"]
            assert told["error"] == (error or "It is not known what it says.")


async def _submitted(sluice: Sluice) -> BatchCollector:
    collector = sluice.service.api.batches.collector
    states: set[str] = set()
    async with asyncio.timeout(PATIENCE):
        while states != {"submitted"}:  # where the machine is busy, a call may take too long
            await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
            await collector.round(PATIENCE)
            states = {row[0] for row in await sluice.sql("SELECT state FROM sluice.provider_batch")}
    return collector


async def _stumbled(sluice: Sluice, collector: BatchCollector, times: int) -> None:
    for _ in range(times):
        await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
        with pytest.raises(Broke):
            await collector.round(PATIENCE)


async def test_each_batch_is_named_and_the_provider_is_not_blamed_for_it(
    opener: Opener, server: ProviderServer, logged: list[EventDict]
) -> None:
    server.provider.pace = 1_000_000.0
    family = Deferring()
    async with asking(opener, server, within=HOUR, size=2)(family) as sluice, api(sluice) as caller:
        run_id = await waiting(sluice, 4)
        collector = await _submitted(sluice)
        broken = Broken(server.url, server.key, policy=collector.providers["llm"].policy)
        try:
            await _stumbled(sluice, replace(collector, providers={"llm": broken}), TELL_AFTER + 1)
            # Its time is over: for what is ours, nothing is given up.
            await sluice.sql(MOVED, hours=-100)
            await _stumbled(sluice, replace(collector, providers={"llm": broken}), 1)
        finally:
            await broken.aclose()
        rows = await sluice.sql(
            "SELECT id, tries, failing_since, error, ended_at FROM sluice.provider_batch"
        )
        assert [(row[1], row[2], row[4]) for row in rows] == [(0, None, None)] * 2
        assert all(row[3].startswith(TOLD) for row in rows)
        answer = await caller.get("/api/overview")
        assert (answer.status_code, answer.json()["delayedBatches"]) == (200, [])
        server.provider.pace = 0.0
        await sluice.sql(MOVED, hours=100)
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 4
        assert await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE error > ''") == []
    named = [entry for entry in logged if entry["event"] == "provider_batch_stumbled"]
    assert {entry["batch"] for entry in named} == {row[0] for row in rows}
    assert {entry["provider"] for entry in named} == {"llm"}
    assert SECRET not in str([row[3] for row in rows] + [entry["error"] for entry in named])
    assert paid_once(server.provider, *family.results)


async def test_a_days_silence_is_one_without_faults_of_ours(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await waiting(sluice, 1)
        collector = await _submitted(sluice)
        await sluice.sql(
            "UPDATE sluice.provider_batch SET tries = 2, failing_since = now() - interval '1 day'"
        )
        broken = Broken(server.url, server.key)
        try:
            await _stumbled(sluice, replace(collector, providers={"llm": broken}), 1)
        finally:
            await broken.aclose()
        [[tries, silent]] = await sluice.sql(
            "SELECT tries, failing_since < now() - interval '1 hour' FROM sluice.provider_batch"
        )
    assert (tries, silent) == (2, False)


async def test_of_two_providers_at_which_we_fail_both_are_told(
    opener: Opener, server: ProviderServer, logged: list[EventDict]
) -> None:
    class Blocked(BatchCollector):
        async def _gather(self, api: BatchEndpoint) -> None:
            raise Broke(api.name)

    async with asking(opener, server)(Deferring()) as sluice:
        living = sluice.service.api.batches.collector
        both = {name: BatchEndpoint(server.url, server.key, name=name) for name in ("one", "two")}
        collector = Blocked(living.database, both, living.writer, living.largest)
        try:
            with pytest.raises(Broke, match="one"):
                await collector.round(PATIENCE)
        finally:
            for one in both.values():
                await one.aclose()
    entries = [entry for entry in logged if entry["event"] == "provider_batches_passed_over"]
    assert [(entry["provider"], entry["error"]) for entry in entries] == [("two", "Broke: two")]
