"""Steering a run: pause, resume, cancel, and retrying a group of what failed."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.e2e.conftest import Past
from tests.e2e.support.console import Console
from tests.e2e.support.families import ADDRESS, DECLINED, USERS
from tests.e2e.support.stack import Api, Json


def test_a_run_is_paused_and_goes_on_where_it_stopped(console: Console, api: Api) -> None:
    api.pin("greeting.execute", rate=20)
    run_id = api.start("greeting", force=True)
    console.open(f"/runs/{run_id}")
    api.moved(run_id)
    console.button("Pause").click()
    console.dialog.get_by_label("Why").fill("The mail provider is down.")
    console.dialog.get_by_role("button", name="Pause").click()
    expect(console.heading("greeting paused")).to_be_visible()
    expect(console.page.get_by_text("pausing …")).to_be_hidden()

    stood = _still(api, run_id)
    assert stood["status"] == "paused"
    told = api.get(f"/api/runs/{run_id}/events")["events"]
    assert [event["note"] for event in told if event["kind"] == "paused"] == [
        "The mail provider is down."
    ]
    left = USERS - stood["ended"]
    assert left > 0
    expect(console.page.get_by_text(f"{stood['ended']} of {USERS} (")).to_be_visible()
    time.sleep(0.7)  # in which fourteen items would have ended
    assert api.run(run_id)["ended"] == stood["ended"]

    api.pin("greeting.execute", rate=200)
    console.button("Resume").click()
    console.dialog.get_by_role("button", name=f"Resume {left} items").click()
    expect(console.heading("greeting succeeded")).to_be_visible()
    expect(console.page.get_by_text(f"{USERS} of {USERS} (100%)")).to_be_visible()
    assert api.run(run_id)["counters"]["succeeded"] == USERS


def test_cancelling_says_how_many_items_it_ends_and_ends_so_many(
    console: Console, api: Api
) -> None:
    api.pin("greeting.execute", rate=20)
    run_id = api.start("greeting", force=True)
    api.moved(run_id)
    api.ask("POST", f"/api/runs/{run_id}/pause")
    stood = _still(api, run_id)
    left = USERS - stood["ended"]

    console.open(f"/runs/{run_id}")
    console.button("Cancel").click()
    expect(console.dialog).to_contain_text(f"{left} that have not ended end as cancelled")
    # To look at it changes nothing, nor to think better of it.
    console.dialog.get_by_role("button", name="Back").click()
    expect(console.dialog).to_be_hidden()
    assert api.run(run_id)["status"] == "paused"

    console.button("Cancel").click()
    console.dialog.get_by_role("button", name=f"Cancel {left} items").click()
    expect(console.heading("greeting cancelled")).to_be_visible()
    expect(console.page.get_by_role("link", name=f"{left} cancelled").first).to_be_visible()
    counters = api.reached(run_id, "cancelled")["counters"]
    assert (counters["cancelled"], counters["succeeded"]) == (left, stood["ended"])


def test_a_group_of_failures_is_retried_and_the_others_are_left_alone(
    console: Console, api: Api, past: Past
) -> None:
    page = console.page
    console.open(f"/runs/{past.billed}")
    expect(page.get_by_text("8 failed or timed out, in 2 groups")).to_be_visible()
    declined = page.get_by_role("listitem").filter(has_text=DECLINED)
    expect(declined).to_contain_text("ValueError")
    expect(page.get_by_role("listitem").filter(has_text=ADDRESS)).to_contain_text("Fatal")
    declined.get_by_role("button", name="Retry these").click()
    console.dialog.get_by_role("checkbox", name="Begin anew").check()
    console.dialog.get_by_role("button", name="Retry 4 items").click()
    expect(page.get_by_role("link", name="retry of another run")).to_be_visible()
    expect(console.heading("billing succeeded")).to_be_visible()

    retry = api.run(console.path.removeprefix("/runs/"))
    assert retry["retryOf"] == past.billed
    assert retry["counters"]["succeeded"] == 4
    items = api.get(f"/api/runs/{retry['id']}/items")["items"]
    assert {item["itemId"] for item in items} == {"u00003", "u00013", "u00023", "u00033"}
    assert api.run(past.billed)["counters"]["failed"] == 8  # what was stays as it was

    page.get_by_role("link", name="retry of another run").click()
    expect(page.get_by_text("8 failed or timed out, in 2 groups")).to_be_visible()
    page.get_by_role("link", name=re.compile("^8 failed")).first.click()
    expect(page.get_by_role("row")).to_have_count(1 + 8)


def test_a_reason_given_in_a_dialog_stands_in_the_runs_events_and_in_the_audit(
    console: Console, api: Api
) -> None:
    why = "The mail provider asks for less."
    api.pin("greeting.execute", rate=1)
    run_id = api.start("greeting", force=True)
    console.open(f"/runs/{run_id}")
    api.moved(run_id)
    console.button("Cancel").click()
    console.dialog.get_by_label("Why").fill(why)
    console.dialog.get_by_role("button", name="Cancel").click()
    expect(console.heading("greeting cancelled")).to_be_visible()
    api.quiet()
    console.open(f"/runs/{run_id}/events")
    expect(console.page.get_by_text(why)).to_be_visible()

    console.open(f"/audit?name={run_id}")
    entries = console.page.locator("ol.events > li")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("Cancelled the run")
    expect(entries.first).to_contain_text(why)
    entries.first.get_by_role("link").click()
    expect(console.heading("greeting cancelled")).to_be_visible()


def _still(api: Api, run_id: str) -> Json:
    """The run once nothing of it is at work, and what was has been counted."""
    api.once(
        lambda: api.get(f"/api/runs/{run_id}/layers"),
        lambda layers: layers["execute"]["inHand"] == 0,
        within=10,
    )
    time.sleep(0.3)
    return api.run(run_id)
