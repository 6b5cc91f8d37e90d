"""The document of a service with very many families."""

from __future__ import annotations

import asyncio
import time

from app.metrics.exposition import scraped
from app.metrics.meter import WorkMeter
from tests.metrics.scraping import Scrape

FAMILIES = 60


def _busy_meter() -> WorkMeter:
    meter = WorkMeter([f"family-{number}" for number in range(FAMILIES)])
    for family in meter.families:
        meter.attempted(family, "run_x", 0.1, 0.1, 0.1)
    return meter


async def test_many_families_hold_up_nothing_else() -> None:
    """The longest that another task waits is for one metric, and not for all of them."""
    waits: list[float] = []

    async def others() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            waits.append(time.thread_time() - before)

    beside = asyncio.create_task(others())
    await asyncio.sleep(0)
    before = time.thread_time()
    await scraped(list(_busy_meter().readings()), "")
    took = time.thread_time() - before
    beside.cancel()
    assert len(waits) > 10
    assert max(waits) < took / 2


async def test_the_parts_are_one_document_with_one_end() -> None:
    openly, _ = await scraped(list(_busy_meter().readings()), "application/openmetrics-text")
    assert openly.count(b"# EOF") == 1
    assert openly.endswith(b"# EOF\n")
    plain, _ = await scraped(list(_busy_meter().readings()), "")
    assert b"# EOF" not in plain
    found = Scrape.of(plain.decode())
    for number in range(FAMILIES):
        of = found.value("sluice_item_execute_seconds_count", family=f"family-{number}")
        assert of == 1


async def test_a_family_that_has_done_nothing_here_has_no_buckets() -> None:
    meter = WorkMeter(["busy", "idle"])
    meter.attempted("busy", "run_x", 0.1, 0.1, -1.0)
    text = (await scraped(list(meter.readings()), ""))[0].decode()
    found = Scrape.of(text)
    assert set(found.by("family", "sluice_item_execute_seconds_count")) == {"busy"}
    assert "sluice_item_save_seconds_bucket" not in text  # it was not called
    assert found.value("sluice_items_total", family="idle", outcome="succeeded") == 0
