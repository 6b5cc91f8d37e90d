"""Flow control: changed while a run is going, in force at once."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

from playwright.sync_api import expect
from redis import Redis

from tests.e2e.support.console import Console
from tests.e2e.support.families import ILL, USERS
from tests.e2e.support.stack import Api, Stack

KEY = "greeting.execute"
HOUR = 3600


def test_a_rate_that_is_edited_changes_the_pace_of_the_run_that_is_going(
    console: Console, api: Api
) -> None:
    page = console.page
    api.pin(KEY, rate=1, periodSeconds=HOUR)
    run_id = api.start("greeting", force=True)
    api.moved(run_id)
    console.open("/flow-control")
    card = page.locator(f"[id='{KEY}']")
    expect(card).to_contain_text("1 of 1")
    assert api.run(run_id)["ended"] == 1

    console.button(f"Edit {KEY}").click()
    card.get_by_label("Rate").fill("5")
    card.get_by_label("Period, seconds", exact=True).fill("1")
    began = time.monotonic()
    card.get_by_role("button", name="Pin").click()
    expect(card.get_by_text("pinned")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"\d+ of 5"))
    assert _limits(api) == {"source": "pinned", "rate": 5, "parallelism": None}

    page.goto(f"{console.url}/console/runs/{run_id}")
    # At the rate before, it was one in an hour.
    expect(page.get_by_text(re.compile(r"^[1-9]\d*(\.\d+)? items/s$")).first).to_be_visible()
    moved = api.moved(run_id, ended=20)["ended"]
    assert moved - 1 <= 1 + 5 * (time.monotonic() - began)

    console.open("/flow-control")
    console.button(f"Reset to the code's limits: {KEY}").click()
    console.dialog.get_by_label("Why").fill("It was enough.")
    console.dialog.get_by_role("button", name="Reset to the code's").click()
    expect(card.get_by_text("pinned")).to_be_hidden()
    assert _limits(api) == {"source": "code", "rate": 100, "parallelism": 10}
    assert api.ended(run_id)["counters"]["succeeded"] == USERS


def test_a_run_that_is_throttled_says_why_there_and_at_its_flow_keys_until_it_goes_on(
    console: Console, api: Api, stack: Stack
) -> None:
    page, why = console.page, "The post office is closed."
    with Redis.from_url(stack.servers.redis_url) as redis:
        redis.set(f"{stack.name}:{ILL}", why)
        try:
            # Who was well a moment ago is not asked at once, and five greetings take no longer.
            api.ask("POST", f"/api/flow-control/{KEY}/pause")
            run_id = api.start("greeting", force=True, limit=5)
            api.once(lambda: api.run(run_id), lambda run: run["throttled"] is not None, within=20)
            api.ask("POST", f"/api/flow-control/{KEY}/resume")
            page.goto(f"{console.url}/console/runs/{run_id}")
            banner = page.get_by_text(f"Throttled: {why}")
            expect(banner).to_be_visible()
            assert api.run(run_id)["ended"] == 0
            console.open("/flow-control")
            told = page.locator(f"[id='{KEY}']").get_by_text(
                f"Nothing new of greeting starts: {why}"
            )
            expect(told).to_be_visible()
            page.goto(f"{console.url}/console/runs/{run_id}")
            expect(banner).to_be_visible()
        finally:
            redis.delete(f"{stack.name}:{ILL}")
        expect(banner).to_be_hidden()
    assert api.ended(run_id)["counters"]["succeeded"] == 5


def test_a_key_that_is_paused_lets_nothing_begin_until_it_is_resumed(
    console: Console, api: Api
) -> None:
    console.open("/flow-control")
    console.button(f"Pause {KEY}").click()
    console.dialog.get_by_label("Why").fill("The mail provider is down.")
    console.dialog.get_by_role("button", name="Pause").click()
    expect(console.page.locator(f"[id='{KEY}']").get_by_text("paused")).to_be_visible()
    run_id = api.start("greeting", force=True, limit=5)
    api.reached(run_id, "running")
    time.sleep(0.5)
    assert api.run(run_id)["ended"] == 0
    console.button(f"Resume {KEY}").click()
    console.dialog.get_by_label("Why").fill("It is there again.")
    console.dialog.get_by_role("button", name="Resume").click()
    expect(console.dialog).to_be_hidden()
    noted = api.get(f"/api/audit?subject=flow_key&name={KEY}&limit=2")["entries"]
    assert [one["note"] for one in noted] == ["It is there again.", "The mail provider is down."]
    assert api.ended(run_id)["counters"]["succeeded"] == 5


def test_a_pin_is_found_by_its_filters_with_what_was_before_and_kept_as_a_file(
    console: Console, api: Api, tmp_path: Path
) -> None:
    why = "The mail provider asks for less."
    api.quiet()
    page = console.page
    console.open("/flow-control")
    console.button(f"Edit {KEY}").click()
    card = page.locator(f"[id='{KEY}']")
    card.get_by_label("Rate").fill("7")
    card.get_by_label("Why").fill(why)
    card.get_by_role("button", name="Pin").click()
    expect(card.get_by_text("pinned")).to_be_visible()

    console.open("/audit")
    page.get_by_label("To what").select_option("flow keys")
    page.get_by_label("Did").select_option("Pinned the limits of")
    page.get_by_label("Flow key, or id").fill(KEY)
    page.get_by_label("Flow key, or id").press("Enter")
    newest = page.locator("ol.events > li").first
    expect(newest).to_contain_text(f"Pinned the limits of {KEY}")
    expect(newest).to_contain_text(why)
    expect(newest).to_contain_text("before")
    assert "subject=flow_key" in page.url
    with page.expect_download() as begun:
        page.get_by_role("link", name="All of it as CSV").click()
    begun.value.save_as(tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["note"] == why
    assert {row["action"] for row in rows} == {"flow_pinned"}
    api.quiet()


def test_a_pin_whose_fields_are_emptied_is_one_without_limits(console: Console, api: Api) -> None:
    console.open("/flow-control")
    card = console.page.locator(f"[id='{KEY}']")
    console.button(f"Edit {KEY}").click()
    for label in ("Parallelism", "Rate"):
        card.get_by_label(label).fill("")
    card.get_by_role("button", name="Pin").click()
    expect(card.get_by_text("pinned")).to_be_visible()
    assert _limits(api) == {"source": "pinned", "rate": None, "parallelism": None}

    console.button(f"Reset to the code's limits: {KEY}").click()
    console.dialog.get_by_role("button", name="Reset to the code's").click()
    expect(card.get_by_text("pinned")).to_be_hidden()


def _limits(api: Api) -> dict[str, object]:
    [flow] = [f for f in api.get("/api/flow-control")["flowControl"] if f["key"] == KEY]
    return {name: flow[name] for name in ("source", "rate", "parallelism")}
