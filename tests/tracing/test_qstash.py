"""Where QStash calls, the run's row tells each delivery of the trace: its letters need not."""

from __future__ import annotations

from collections import Counter

from tests.metrics.families.counted import Counted
from tests.qstash.called_service import called_service
from tests.support.service import Opener
from tests.tracing.collector import collecting


async def test_the_whole_tree_of_a_run_arrives(opener: Opener) -> None:
    with collecting() as collector:
        async with called_service(opener, Counted(), otel_endpoint=collector.endpoint) as called:
            sluice = called.sluice
            users = await sluice.add_users(12)
            run = await sluice.ended(await sluice.start())
            await sluice.drained()
        spans = collector.spans
        [root] = [span for span in spans if not span.parent]
        assert root.name == "start counted"
        assert {span.trace for span in spans} == {root.trace}
        assert {span.parent for span in spans} <= {span.id for span in spans} | {""}
        assert len(collector.named("process counted")) == 1
        assert collector.named("page counted")
        items = collector.named("item counted")
        attempts = Counter(span.item for span in items)
        assert attempts == {one: 1 + one.endswith("1") for one in users}
        assert all(collector.above(span).name == "chunk counted" for span in items)
        failed = [span for span in items if span.attributes["sluice.status"] == "failed"]
        assert {str(span.item)[-1] for span in failed} == {"2"}
        assert len(failed) == run.failed
