"""Batches that make no progress: operators see each provider once, and runs are told once a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.cli.demo.batches.provider_server import ProviderServer
from app.metrics.instruments import UNKNOWN
from app.store.database import reading
from app.store.deferred import delays
from app.store.deferred.delays import TELL_AFTER
from tests.metrics.scraping import scraped
from tests.metrics.test_door import SCRAPED
from tests.support.service import Opener, Sluice
from tests.workflows.deferred.asking import Deferring, asking, begun, endpoint

HOUR = timedelta(hours=1)


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
