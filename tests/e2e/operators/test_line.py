"""A line of runs, and of families, in the console: what came before, and what comes after."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.e2e.support.console import Console
from tests.e2e.support.stack import Api


def line(console: Console) -> Locator:
    found: Locator = console.page.get_by_role("navigation", name="Line of runs")
    return found


def follower(api: Api, run_id: str, family: str) -> str:
    """Its id, once it is there and has ended."""
    path = f"/api/runs?follows={run_id}&family={family}"
    found = api.once(lambda: api.get(path), lambda answer: bool(answer["runs"]), 20)
    run_id = str(found["runs"][0]["id"])
    api.ended(run_id)
    return run_id


def test_a_run_shows_the_one_before_it_and_those_behind_it(console: Console, api: Api) -> None:
    first = api.start("reading", params={"day": "2026-03-04"})
    api.ended(first)
    tariff, digest = (follower(api, first, family) for family in ("tariff", "digest"))
    finish = api.get(f"/api/runs/{first}")["finish"]["runId"]

    console.open(f"/runs/{first}")
    expect(line(console).locator("[aria-current]")).to_have_text(f"reading {first}")
    expect(line(console).get_by_role("link")).to_have_text([f"tariff {tariff}", f"digest {digest}"])
    assert console.violations() == []

    line(console).get_by_role("link", name=re.compile("^tariff")).click()
    expect(console.heading(re.compile("^tariff succeeded"))).to_be_visible()
    expect(line(console).locator("[aria-current]")).to_have_text(f"tariff {tariff}")
    expect(line(console).get_by_role("link")).to_have_text([f"reading {first}"])

    console.open(f"/runs/{digest}")
    expect(line(console).get_by_role("link")).to_have_text([f"reading {first}"])

    console.open(f"/runs/{finish}")
    expect(line(console).locator("[aria-current]")).to_have_text(f"finish of reading {finish}")
    expect(line(console).get_by_role("link")).to_have_text(
        [f"reading {first}", f"tariff {tariff}", f"digest {digest}"]
    )


def test_a_run_alone_has_no_line(console: Console, api: Api) -> None:
    run_id = api.start("digest")
    api.ended(run_id)
    console.open(f"/runs/{run_id}")
    expect(console.heading(re.compile("^digest succeeded"))).to_be_visible()
    expect(line(console)).to_be_hidden()


def test_families_say_which_comes_after_which(console: Console) -> None:
    console.open("/families")
    cards = console.page.get_by_role("listitem")
    tariff = cards.filter(has=console.heading("tariff"))
    expect(tariff).to_contain_text("Comes after")
    expect(tariff).to_contain_text("reading with its day")
    reading = cards.filter(has=console.heading("reading"))
    expect(reading).to_contain_text("Followed by")
    expect(reading).to_contain_text("Started by")
    expect(reading).to_contain_text("meter/replaced")
    expect(tariff).not_to_contain_text("Started by")
    reading.get_by_role("link", name="tariff").click()
    expect(console.heading("Start tariff")).to_be_visible()
