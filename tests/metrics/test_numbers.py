"""What is scraped is what the rows say."""

from __future__ import annotations

import asyncio
import re

from app.metrics.catalog import METRICS
from app.metrics.instruments import UNKNOWN
from app.workflows.family import Context, Systemic
from tests.metrics.families.counted import Counted
from tests.metrics.scraping import SECRET, scraped, until
from tests.metrics.test_door import SCRAPED
from tests.support.control import control, paused, until_some
from tests.support.families import Recording
from tests.support.http import api
from tests.support.service import Opener


async def test_after_a_run_the_numbers_are_those_of_its_rows(opener: Opener) -> None:
    async with opener(Counted(), **SCRAPED) as sluice:
        run = await sluice.played(100)
        found = await scraped(sluice)
        outcomes = {"succeeded": 80.0, "failed": 10.0, "skipped": 10.0}
        assert outcomes == {name: getattr(run, name) for name in outcomes}
        assert found.by("outcome", "sluice_items_total", family="counted") == outcomes
        assert found.value("sluice_item_retries_total", family="counted") == 10
        assert found.value("sluice_item_claims_total", family="counted") == 110
        assert found.value("sluice_item_takeovers_total", family="counted") == 0
        assert found.value("sluice_outcomes_refused_total") == 0
        assert found.by("status", "sluice_runs_ended_total", family="counted") == {run.status: 1}
        assert found.by("status", "sluice_runs", family="counted") == {}
        assert found.value("sluice_items_outstanding", family="counted") == 0
        assert found.by("state", "sluice_queue_items", family="counted") == {}


async def test_every_attempt_is_timed_and_every_save(opener: Opener) -> None:
    async with opener(Counted(), **SCRAPED) as sluice:
        run = await sluice.played(100)
        found = await scraped(sluice)
        for name, number, least in (("execute", 110, 0.02), ("save", 80, 0.001)):
            metric = f"sluice_item_{name}_seconds"
            assert found.value(f"{metric}_count", family="counted") == number
            assert found.value(f"{metric}_sum", family="counted") >= number * least
            assert found.value(f"{metric}_bucket", family="counted", le="+Inf") == number
            below = found.value(f"{metric}_bucket", family="counted", le="0.001")
            assert below == 0
        begun = found.value("sluice_item_start_delay_seconds_count", family="counted")
        assert begun == 110
        for layer in ("process", "paginate", "execute"):
            waits = "sluice_message_wait_seconds_count"
            assert found.value(waits, family="counted", layer=layer) >= 1
        took = "sluice_layer_seconds"
        assert found.value(f"{took}_count", family="counted", layer="process") == 1
        assert found.value(f"{took}_count", family="counted", layer="paginate") >= 1
        assert found.value(f"{took}_sum", family="counted", layer="paginate") > 0
        [(waited,)] = await sluice.sql(
            "SELECT sum(extract(epoch FROM started_at - scheduled_at)) FROM sluice.item"
            " WHERE run_id = :run AND attempts = 1",
            run=run.id,
        )
        told = found.value("sluice_item_start_delay_seconds_sum", family="counted")
        assert told >= float(waited) / 2  # what was sent on to others begins anew


async def test_an_exemplar_names_a_run_and_only_where_the_format_has_them(opener: Opener) -> None:
    async with opener(Counted(), **SCRAPED) as sluice, api(sluice, SECRET) as client:
        run = await sluice.played(20)
        plain = (await client.get("/metrics")).text
        asked = "application/openmetrics-text;version=1.0.0"
        openly = (await client.get("/metrics", headers={"Accept": asked})).text
        assert run.id not in plain
        shown = re.findall(r'sluice_item_execute_seconds_bucket\{.*# \{run="(.*?)"\}', openly)
        assert set(shown) == {run.id}
        assert run.id not in re.sub(r" # \{.*", "", openly)


async def test_what_a_sweep_cancels_is_counted(opener: Opener) -> None:
    async def work(item_id: str, ctx: Context) -> None:
        await asyncio.sleep(0.05)

    family = Recording(work)
    async with opener(family, **SCRAPED, worker_concurrency=2) as sluice:
        await sluice.add_users(60)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_some(family)
            await control(sluice, "cancel", run_id)
            run = await sluice.ended(run_id)
        found = await scraped(sluice)
        told = found.by("outcome", "sluice_items_total", family="recording")
        assert told == {"succeeded": run.succeeded, "cancelled": run.cancelled}
        assert run.cancelled > 30


async def test_a_run_that_has_paused_by_itself_says_why(opener: Opener) -> None:
    def work(item_id: str, ctx: Context) -> None:
        raise Systemic("the other side is down")

    async with opener(Recording(work), **SCRAPED) as sluice:
        await sluice.add_users(5)
        run_id = await sluice.start()
        async with sluice.worker():
            await paused(sluice, run_id)
            found = await scraped(sluice)
        assert found.by("status", "sluice_runs", family="recording") == {"paused": 1}
        assert found.by("reason", "sluice_runs_paused", family="recording") == {"systemic": 1}
        assert found.value("sluice_items_outstanding", family="recording") == 5


async def test_the_queue_tells_what_is_due_and_since_when(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice:
        await sluice.add_users(3)
        await sluice.start()
        await sluice.sql("UPDATE sluice.message SET due_at = due_at - interval '100 s'")
        found = await scraped(sluice)
        of = {"family": "recording", "layer": "process"}
        assert found.by("state", "sluice_queue_items", **of) == {"due": 1}
        assert 100 <= found.value("sluice_queue_oldest_due_seconds", **of) < 200
        await sluice.sql("UPDATE sluice.message SET due_at = now() + interval '100 s'")
        found = await scraped(sluice)
        assert found.by("state", "sluice_queue_items", **of) == {"deferred": 1}
        assert found.value("sluice_queue_oldest_due_seconds", **of) == 0


async def test_flow_keys_tell_their_limits_and_whether_they_are_paused(opener: Opener) -> None:
    async with opener(Counted(), Recording(), **SCRAPED) as sluice:
        key = "counted.execute"
        found = await scraped(sluice)
        assert found.value("sluice_flow_parallelism_limit", key=key) == 8
        assert found.by("key", "sluice_flow_parallelism_limit") == {key: 8}
        assert found.value("sluice_flow_in_use", key=key) == 0
        assert found.value("sluice_flow_paused", key="recording.execute") == 0
        await sluice.service.api.flow.pause("recording.execute", paused=True, by="ops")
        found = await scraped(sluice)
        assert found.by("key", "sluice_flow_paused") == {"recording.execute": 1}


async def test_workers_schedules_and_what_is_to_be_sent_are_told(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice:
        found = await scraped(sluice)
        assert found.value("sluice_workers") == 0
        assert found.value("sluice_outbox_messages", outbox="notifications") == 0
        assert found.value("sluice_schedules_late", family="recording") == 0
        async with sluice.worker():

            async def lives() -> bool:
                return (await scraped(sluice)).value("sluice_workers") == 1

            await until(lives)
            assert "sluice_worker_items_in_hand" in (await scraped(sluice)).text
        for name, family, late in (("a", "recording", 200), ("b", "recording", 300), ("c", "x", 9)):
            await sluice.sql(
                "INSERT INTO sluice.schedule (id, name, family, expression, tz, catch_up, origin,"
                " created_by, changed_by, next_at) VALUES (:name, :name, :family, '* * * * *',"
                " 'UTC', 'none', 'api', 'ops', 'ops', now() - make_interval(secs => :late))",
                name=name,
                family=family,
                late=late,
            )
        found = await scraped(sluice)
        assert found.by("family", "sluice_schedules_late") == {"recording": 2}
        delay = found.value("sluice_schedule_delay_seconds", family="recording")
        assert 300 <= delay < 400


async def test_a_family_that_the_code_does_not_have_makes_no_series_of_its_own(
    opener: Opener,
) -> None:
    async with opener(Recording(), **SCRAPED) as sluice:
        await sluice.sql(
            "INSERT INTO sluice.run (id, family, status, params, force, started_by)"
            " SELECT 'run_' || n, 'gone-' || n, 'running', '{}', false, 'ops'"
            " FROM generate_series(1, 50) AS n"
        )
        found = await scraped(sluice)
        assert found.by("family", "sluice_runs", status="running") == {UNKNOWN: 50}
        assert "gone-" not in found.text


async def test_where_redis_is_away_the_rest_is_told(opener: Opener) -> None:
    async with opener(Counted(), **SCRAPED) as sluice:
        assert (await scraped(sluice)).by("source", "sluice_source_up") == {
            "database": 1,
            "flow": 1,
        }
        await sluice.sql("ALTER TABLE sluice.flow_override RENAME TO flow_override_away")
        found = await scraped(sluice)
        assert found.by("source", "sluice_source_up") == {"database": 1}
        assert "sluice_flow_in_use" not in found.text
        await sluice.sql("ALTER TABLE sluice.flow_override_away RENAME TO flow_override")


async def test_what_is_served_is_what_the_reference_lists(opener: Opener) -> None:
    async with opener(Counted(), **SCRAPED) as sluice, sluice.worker():
        await sluice.add_users(5)
        await sluice.ended(await sluice.start())
        found = await scraped(sluice)
    typed = dict(re.findall(r"^# TYPE (sluice_\w+) (\w+)$", found.text, re.MULTILINE))
    assert typed == {one.name: one.kind for one in METRICS}
    labels = {
        name.removesuffix(suffix): {label for label, _ in its} - {"le"}
        for name, its in found.samples
        for suffix in ("_bucket",)
        if name.startswith("sluice_") and not name.endswith(("_count", "_sum"))
    }
    told = {one.name: set(one.labels) for one in METRICS if one.name in labels}
    assert {name: labels[name] for name in told} == told


async def test_of_many_who_scrape_one_asks(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice:
        metrics = sluice.service.metrics
        assert metrics is not None
        metrics.service.forget()
        first, *others = await asyncio.gather(*(metrics.service.read() for _ in range(5)))
        assert all(other is first for other in others)
