"""Whose trace a run's is: its caller's, its own, or that of the run that it is a part of."""

from __future__ import annotations

import pytest

from app.workflows.family import Context
from tests.support.families import Beside, Recording
from tests.support.http import OPS, api, assert_problem
from tests.support.service import Opener, Sluice
from tests.tracing.callers import CALLER, SPAN, TRACE, UNSAMPLED
from tests.tracing.collector import Collector, collecting


async def started(sluice: Sluice, traceparent: str | None, family: str = "recording") -> str:
    headers = {} if traceparent is None else {"traceparent": traceparent}
    async with api(sluice, OPS) as client:
        answer = await client.post(f"/api/workflows/{family}/process-users", headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["runId"])


async def played(opener: Opener, collector: Collector, *traceparents: str | None) -> None:
    async with opener(Recording(), otel_endpoint=collector.endpoint) as sluice:
        await sluice.add_users(2)
        async with sluice.worker():
            for traceparent in traceparents:
                run_id = await started(sluice, traceparent)
                assert (await sluice.ended(run_id)).status == "succeeded"


async def test_a_callers_trace_goes_on(opener: Opener) -> None:
    with collecting() as collector:
        await played(opener, collector, CALLER)
        assert {span.trace for span in collector.spans} == {TRACE}
        [start] = collector.named("start recording")
        assert start.parent == SPAN
        assert len(collector.named("item recording")) == 2


async def test_each_start_without_one_is_a_trace_of_its_own(opener: Opener) -> None:
    with collecting() as collector:
        await played(opener, collector, None, None)
        starts = collector.named("start recording")
        assert [span.parent for span in starts] == ["", ""]
        assert len({span.trace for span in starts}) == 2


async def test_what_a_caller_does_not_sample_is_not_sampled(opener: Opener) -> None:
    with collecting() as collector:
        await played(opener, collector, UNSAMPLED)
        assert collector.spans == []


@pytest.mark.parametrize("broken", ["00-1-2-01", f"ff-{TRACE}-{SPAN}-01", "x" * 5_000, ""])
async def test_a_header_that_is_none_begins_a_trace(opener: Opener, broken: str) -> None:
    with collecting() as collector:
        await played(opener, collector, broken)
        [start] = collector.named("start recording")
        assert start.parent == ""


async def test_of_who_may_not_call_nothing_is_traced(opener: Opener) -> None:
    with collecting() as collector:
        async with (
            opener(Recording(), otel_endpoint=collector.endpoint) as sluice,
            api(sluice, "secret-of-nobody-0123456789") as client,
        ):
            answer = await client.post(
                "/api/workflows/recording/process-users", headers={"traceparent": CALLER}
            )
            assert_problem(answer, 401)
        assert collector.spans == []


class Parent(Beside):
    """Each of its items has a child, and begins a run that it does not wait for."""

    name = "parent"

    async def execute(self, entity: str, params: object, ctx: Context) -> str:
        await ctx.child("child", "recording", entity)
        await ctx.start("other", "other", item_ids=[entity])
        return entity


class Other(Beside):
    name = "other"


class Finished(Beside):
    name = "finished"

    async def finish(self, run: object, ctx: Context) -> str:
        return "over"


async def test_a_child_is_of_its_parents_trace_and_what_nobody_waits_for_names_it(
    opener: Opener,
) -> None:
    with collecting() as collector:
        families = (Parent(), Beside(), Other())
        traced = {"otel_endpoint": collector.endpoint}
        async with opener(*families, **traced) as sluice:
            await sluice.add_users(1)
            async with sluice.worker():
                await sluice.ended(await started(sluice, None, "parent"))
                await sluice.drained()
        [parent] = collector.named("start parent")
        [child] = collector.named("start recording")
        [other] = collector.named("start other")
        assert child.trace == parent.trace
        assert collector.above(child).name == "item parent"
        assert {span.trace for span in collector.named("item recording")} == {parent.trace}
        assert other.trace != parent.trace
        assert other.parent == ""
        assert other.links == (parent.trace,)


async def test_children_of_items_that_are_not_traced_are_not(opener: Opener) -> None:
    with collecting() as collector:
        families = (Parent(), Beside(), Other())
        traced = {"otel_endpoint": collector.endpoint, "trace_items": 0}
        async with opener(*families, **traced) as sluice:
            await sluice.add_users(2)
            async with sluice.worker():
                await sluice.ended(await started(sluice, None, "parent"))
                await sluice.drained()
        assert collector.named("start parent")
        assert collector.named("start recording") == []
        assert not [span for span in collector.spans if span.item]


async def test_a_finish_is_of_its_runs_trace(opener: Opener) -> None:
    with collecting() as collector:
        async with opener(Finished(), otel_endpoint=collector.endpoint) as sluice:
            await sluice.add_users(2)
            async with sluice.worker():
                await sluice.ended(await started(sluice, None, "finished"))
                await sluice.drained()
        [root, finish] = sorted(collector.named("start finished"), key=lambda span: span.began)
        assert finish.trace == root.trace
        assert finish.parent == root.id
        items = [span.item for span in collector.named("item finished")]
        assert sorted(map(str, items)) == ["finish", "u00001", "u00002"]
