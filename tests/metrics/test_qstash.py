"""Where QStash calls, the API does the work, and tells of all of it."""

from __future__ import annotations

from tests.metrics.families.counted import Counted
from tests.metrics.scraping import scraped, until
from tests.metrics.test_door import TOKEN
from tests.qstash.called_service import called_service
from tests.support.service import Opener


async def test_after_a_run_the_numbers_are_those_of_its_rows(opener: Opener) -> None:
    async with called_service(opener, Counted(), metrics_token=TOKEN) as called:
        sluice = called.sluice
        await sluice.add_users(20)
        run = await sluice.ended(await sluice.start())
        await sluice.drained()
        found = await scraped(sluice)
        outcomes = {"succeeded": 16.0, "failed": 2.0, "skipped": 2.0}
        assert outcomes == {name: getattr(run, name) for name in outcomes}
        assert found.by("outcome", "sluice_items_total", family="counted") == outcomes
        assert found.value("sluice_item_retries_total", family="counted") == 2
        assert found.by("status", "sluice_runs_ended_total", family="counted") == {run.status: 1}
        delays = "sluice_item_start_delay_seconds"
        assert found.value(f"{delays}_count", family="counted") == 22
        assert found.value("sluice_outbox_messages", outbox="qstash") == 0
        assert found.by("source", "sluice_source_up") == {"database": 1, "flow": 1}
        assert found.value("sluice_flow_paused", key="counted.execute") == 0


async def test_what_qstash_does_not_take_is_told_and_since_when(opener: Opener) -> None:
    async with called_service(opener, Counted(), metrics_token=TOKEN) as called:
        sluice = called.sluice
        await sluice.sql(
            "INSERT INTO sluice.outbox (id, flow_key, payload, due_at, try_at, failures) VALUES"
            " ('m', 'counted.execute', '', now() - interval '90 s', now() + interval '4 min', 3)"
        )

        async def told() -> bool:
            found = await scraped(sluice)
            assert 90 <= found.value("sluice_outbox_oldest_seconds", outbox="qstash") < 900
            due = {"family": "counted", "layer": "execute", "state": "due"}
            assert found.value("sluice_queue_items", **due) == 1
            return found.value("sluice_outbox_messages", outbox="qstash") == 1

        await until(told)
