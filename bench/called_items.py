"""What an item costs where QStash calls: requests, messages, and time beside the item's own."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from typing import Any

from app.api.qstash.signed_calls import FAILED
from app.bootstrap import Urls
from app.qstash_dev.state.message import MessageState
from bench.figures import Figure, measured
from bench.support import Bench, Shape, bench_settings, opened
from tests.qstash.called_service import CalledService, called_service
from tests.support.service import Opener

ITEMS = 1_000


async def called(urls: Urls) -> list[Figure]:
    """No-op items, one after another and twenty at once, through the QStash for development, which
    runs in the same process as the API that it calls."""
    figures = []
    for at_once in (1, 20):
        shape = Shape(parallelism=at_once)
        async with opened(urls, shape, ITEMS):
            pass
        opener = Opener(bench_settings(), urls)
        async with called_service(opener, Bench(shape)) as service:
            figures += await _figures(service, f"called: {at_once} at once")
    return figures


async def _figures(called: CalledService, name: str) -> list[Figure]:
    calls = _counted(called)
    began = time.perf_counter()
    run = await called.sluice.ended(await called.sluice.start(), within=300)
    seconds = time.perf_counter() - began
    if run.succeeded != ITEMS:
        raise SystemExit(f"The run did not do its work: {run!r}")
    await called.sluice.drained()
    await called.qstash.settled()
    states = Counter(entry.state for entry in called.qstash.parts.events.entries)
    of_items = [one.seconds for one in called.seen if one.path.endswith("/execute-user")]
    assert not any(one.path == FAILED for one in called.seen)
    return [
        measured(f"{name}: items", ITEMS / seconds, "items/s"),
        measured(
            f"{name}: messages of QStash's bill", states[MessageState.ACTIVE] / ITEMS, "an item"
        ),
        measured(f"{name}: requests to us", len(called.seen) / ITEMS, "an item"),
        measured(f"{name}: requests to QStash", calls.total() / ITEMS, "an item"),
        measured(f"{name}: answer to a delivery", statistics.median(of_items) * 1_000, "ms"),
    ]


def _counted(called: CalledService) -> Counter[str]:
    """Calls of QStash's API from now on, by path."""
    http = called.sender._client.http  # noqa: SLF001 - to count what the official client does
    plain, calls = http.request, Counter[str]()

    async def request(**asked: Any) -> Any:  # as the client has it
        calls[str(asked["path"])] += 1
        return await plain(**asked)

    http.request = request  # type: ignore[method-assign]  # likewise
    return calls
