"""The document of a service with very many families."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from app.metrics.exposition import scraped
from app.metrics.instruments import Reading
from app.metrics.meter import WorkMeter
from tests.metrics.scraping import Scrape

FAMILIES = 60


def _busy_meter() -> WorkMeter:
    meter = WorkMeter([f"family-{number}" for number in range(FAMILIES)])
    for family in meter.families:
        meter.attempted(family, "run_x", 0.1, 0.1, 0.1)
    return meter


async def test_many_families_hold_up_nothing_else() -> None:
    """Another task waits for one metric at a time, and not for all of them."""
    readings = list(_busy_meter().readings())
    written = 0
    seen: list[int] = []

    def one_by_one() -> Iterator[Reading]:
        nonlocal written
        for reading in readings:
            written += 1
            yield reading

    async def others() -> None:
        while True:
            seen.append(written)
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    await asyncio.sleep(0)
    await scraped(one_by_one(), "")
    beside.cancel()
    assert set(seen) == set(range(len(readings) + 1))


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
