"""From a run, an item, a log line or a metric one comes to the trace."""

from __future__ import annotations

import json
import re

import pytest
import structlog

from app.logs import configure_logs
from app.workflows.family import Context
from tests.metrics.scraping import SECRET
from tests.metrics.test_door import SCRAPED
from tests.support.families import Recording
from tests.support.http import OPS, api
from tests.support.service import Opener
from tests.tracing.collector import collecting

TEMPLATE = "https://traces.example.com/trace/{trace_id}?from=sluice"


async def test_the_api_tells_where_a_run_and_an_item_are_looked_at(opener: Opener) -> None:
    with collecting() as collector:
        traced = {"otel_endpoint": collector.endpoint, "trace_url": TEMPLATE}
        async with opener(Recording(), **traced) as sluice, api(sluice, OPS) as client:
            run = await sluice.played(2)
            of_run = (await client.get(f"/api/runs/{run.id}")).json()["trace"]
            of_item = (await client.get(f"/api/runs/{run.id}/item?id=u00001")).json()["trace"]
        [trace] = {span.trace for span in collector.spans}
        assert of_run == of_item
        assert of_run == {"traceId": trace, "url": TEMPLATE.replace("{trace_id}", trace)}


async def test_where_no_items_are_traced_none_leads_to_a_trace(opener: Opener) -> None:
    def work(item_id: str, ctx: Context) -> None:
        if item_id == "u00002":
            raise ValueError("not that one")

    with collecting() as collector:
        traced = {"otel_endpoint": collector.endpoint, "trace_items": 0}
        async with opener(Recording(work), **traced) as sluice, api(sluice, OPS) as client:
            run = await sluice.played(3)
            found = [
                (await client.get(f"/api/runs/{run.id}/item?id={item}")).json()["trace"]
                for item in ("u00001", "u00002", "u00003")
            ]
        assert [one is not None for one in found] == [False, False, False]
        assert collector.named("process recording")


async def test_without_a_template_there_is_an_id_and_no_link(opener: Opener) -> None:
    with collecting() as collector:
        async with (
            opener(Recording(), otel_endpoint=collector.endpoint) as sluice,
            api(sluice, OPS) as client,
        ):
            run = await sluice.played(1)
            told = (await client.get(f"/api/runs/{run.id}")).json()["trace"]
        assert told["url"] is None
        assert {told["traceId"]} == {span.trace for span in collector.spans}


async def test_a_run_that_is_not_traced_has_none(opener: Opener) -> None:
    async with opener(Recording(), trace_url=TEMPLATE) as sluice, api(sluice, OPS) as client:
        run = await sluice.played(1)
        assert (await client.get(f"/api/runs/{run.id}")).json()["trace"] is None
        assert (await client.get(f"/api/runs/{run.id}/item?id=u00001")).json()["trace"] is None


async def test_a_line_that_is_logged_in_a_span_has_its_trace(
    opener: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(item_id: str, ctx: Context) -> None:
        ctx.log.warning("at_work")

    usual = structlog.get_config()
    configure_logs("warning", "json")
    try:
        with collecting() as collector:
            async with opener(Recording(work), otel_endpoint=collector.endpoint) as sluice:
                await sluice.played(2)
                structlog.get_logger("sluice").warning("of_nobody")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        structlog.configure(**usual)
    [trace] = {span.trace for span in collector.spans}
    told = [line["trace_id"] for line in lines if line["event"] == "at_work"]
    assert told == [trace, trace]
    [other] = [line for line in lines if line["event"] == "of_nobody"]
    assert "trace_id" not in other


async def test_an_exemplar_names_the_trace(opener: Opener) -> None:
    with collecting() as collector:
        traced = {"otel_endpoint": collector.endpoint, **SCRAPED}
        async with opener(Recording(), **traced) as sluice, api(sluice, SECRET) as client:
            run = await sluice.played(3)
            asked = "application/openmetrics-text;version=1.0.0"
            shown = (await client.get("/metrics", headers={"Accept": asked})).text
        [trace] = {span.trace for span in collector.spans}
        found = re.findall(r'execute_seconds_bucket\{.*# \{run="(.*?)",trace_id="(.*?)"\}', shown)
        assert set(found) == {(run.id, trace)}
        # Those of what comes before the first item, too, and on a process that has no item.
        layers = re.findall(r'layer_seconds_bucket\{.*layer="(.*?)".*# \{(.*?)\}', shown)
        assert {layer for layer, _ in layers} == {"process", "paginate"}
        assert {told for _, told in layers} == {f'run="{run.id}",trace_id="{trace}"'}
