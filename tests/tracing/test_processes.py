"""One run over two worker processes, with a retry: its whole tree is at the collector."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.bootstrap import Urls
from app.settings import Settings
from tests.cli.command import stop, wait_for
from tests.support.processes.family_worker import family_worker
from tests.support.service import Opener
from tests.tracing import families
from tests.tracing.collector import Collector, collecting
from tests.tracing.families.traced import ECHO, Traced

FAMILIES = Path(families.__file__).parent
HIDDEN = "secret-of-the-collector-0123"
LAYERS = ("start traced", "process traced", "page traced", "chunk traced", "item traced")


@contextmanager
def worker(urls: Urls, settings: Settings, folder: Path, number: int, **env: str) -> Iterator[Path]:
    """Its log."""
    log = folder / f"worker-{number}.log"
    own = {"SLUICE_WORKER_CONCURRENCY": "2", **env}
    with family_worker(FAMILIES, urls, settings.redis_prefix, log, own) as process:
        wait_for("worker_started", log, process)
        yield log
        assert stop(process) == 0, log.read_text()


async def test_the_whole_tree_of_a_run_arrives_from_all_who_worked_on_it(
    opener: Opener, settings: Settings, urls: Urls, tmp_path: Path
) -> None:
    with collecting() as collector, collecting() as echo:
        traced = {"otel_endpoint": collector.endpoint, "otel_service_name": "api"}
        async with opener(Traced(), **traced) as sluice:
            users = await sluice.add_users(30)
            with ExitStack() as stack:
                logs = [
                    stack.enter_context(
                        worker(
                            urls,
                            settings,
                            tmp_path,
                            number,
                            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
                            OTEL_EXPORTER_OTLP_HEADERS=f"api-key={HIDDEN}",
                            OTEL_SERVICE_NAME=f"worker-{number}",
                            **{ECHO: echo.endpoint},
                        )
                    )
                    for number in range(2)
                ]
                run_id = await sluice.start()
                run = await sluice.ended(run_id)
        # All have stopped, and have sent what was left before they did.
        assert (run.succeeded, run.failed) == (30, 0)
        check_tree(collector, run_id, users)
        check_calls(collector, echo)
        [trace] = {span.trace for span in collector.spans}
        assert {span.service for span in collector.spans if span.name == "item traced"} == {
            "worker-0",
            "worker-1",
        }
        lines = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
        at_work = [line for line in lines if line["event"] == "item_at_work"]
        assert {line["trace_id"] for line in at_work} == {trace}
        assert HIDDEN in {headers.get("api-key") for headers in collector.headers}
        assert not any(HIDDEN in log.read_text() for log in logs)


def check_tree(collector: Collector, run_id: str, users: list[str]) -> None:
    spans = collector.spans
    [root] = [span for span in spans if not span.parent]
    assert root.name == "start traced"
    assert {span.trace for span in spans} == {root.trace}
    known = {span.id for span in spans} | {""}
    assert len(known) == len(spans) + 1
    assert {span.parent for span in spans} <= known  # nothing hangs in the air
    assert all(span.began <= span.ended for span in spans)
    assert all(span.attributes["sluice.run"] == run_id for span in spans if span.name in LAYERS)
    assert all(
        collector.above(span) == root
        for name in ("process traced", "page traced", "chunk traced")
        for span in collector.named(name)
    )
    assert len(collector.named("process traced")) == 1
    pages = collector.named("page traced")
    assert sum(int(span.attributes.get("sluice.items", 0)) for span in pages) == 30
    items = collector.named("item traced")
    assert all(collector.above(span).name == "chunk traced" for span in items)
    retried = [one for one in users if one.endswith("1")]
    attempts = Counter(span.item for span in items)
    assert attempts == {one: 1 + (one in retried) for one in users}
    failed = [span for span in items if span.failed]
    assert sorted(str(span.item) for span in failed) == retried
    assert {span.attributes["error.type"] for span in failed} == {"ValueError"}
    assert {span.attributes["sluice.attempt"] for span in failed} == {1}
    again = [span for span in items if span.attributes["sluice.attempt"] == 2]
    assert sorted(str(span.item) for span in again) == retried
    assert {span.attributes["sluice.status"] for span in items} == {"succeeded", "pending"}


def check_calls(collector: Collector, echo: Collector) -> None:
    """Steps, calls and statements stand below the item that made them."""
    items = collector.named("item traced")
    for item in items:
        below = [span.name for span in collector.below(item)]
        asked = [span.attributes.get("db.query.text") for span in collector.below(item)]
        assert asked.count("SELECT name FROM tests.users WHERE id = $1") == 1, asked
        first = item.attributes["sluice.attempt"] == 1
        assert below.count("step write") == first  # which is remembered
        assert below.count("step tell") == first
    calls = collector.named("POST")
    assert len(calls) == 30
    assert all(collector.above(span).name == "step tell" for span in calls)
    assert {span.attributes["http.response.status_code"] for span in calls} == {200}
    assert {span.attributes["url.full"] for span in calls} == {f"{echo.endpoint}/told"}
    told = {tuple(headers["traceparent"].split("-")[:3]) for headers in echo.headers}
    assert told == {("00", span.trace, span.id) for span in calls}
    assert not any(b"hidden-in-the-query" in body for body in collector.bodies)
