"""A backfill: begun by its form, whose dry run says of how many partitions, and watched."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.support.console import Console
from tests.e2e.support.stack import Api


def test_a_backfill_is_begun_with_a_live_dry_run_and_watched_to_its_end(
    console: Console, api: Api
) -> None:
    page = console.page
    console.open("/backfills/new?family=report")
    page.get_by_label(re.compile("^From")).fill("2026-02-01")
    page.get_by_label(re.compile("^To")).fill("2026-02-04")
    expect(console.button("Begin 3 partitions")).to_be_enabled()
    page.get_by_label(re.compile("^To")).fill("2026-02-06")
    console.button("Begin 5 partitions").click()
    expect(console.heading("report succeeded")).to_be_visible()
    expect(page.get_by_text("5 of 5 partitions (100%)")).to_be_visible()

    ended = api.backfilled(console.path.removeprefix("/backfills/"))
    assert (ended["from"][:10], ended["to"][:10]) == ("2026-02-01", "2026-02-06")
    assert (ended["partitions"]["total"], ended["partitions"]["succeeded"]) == (5, 5)
    assert ended["startedBy"] == "ops"
