"""One item: what it waits for, what it came to, and what it would come to now."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Past
from tests.e2e.support.console import Console
from tests.e2e.support.families import ADDRESS
from tests.e2e.support.stack import TRACE_URL, Api


def test_a_suspended_item_goes_on_with_the_answer_of_its_form(
    console: Console, api: Api, past: Past
) -> None:
    page = console.page
    console.open(f"/runs/{past.asking}")
    expect(console.heading("Waits for people")).to_be_visible()
    page.get_by_role("link", name="u00001").click()
    expect(page.get_by_role("definition").get_by_text("Dear u00001")).to_be_visible()
    answer = console.button("Answer, and let it go on")
    answer.click()
    expect(page.get_by_text("is needed")).to_be_visible()
    page.get_by_label(re.compile("^approved", re.IGNORECASE)).select_option(label="yes")
    page.get_by_label("note", exact=False).fill("well said")
    answer.click()
    expect(console.heading(re.compile("u00001.*succeeded"))).to_be_visible()

    found = api.get(f"/api/runs/{past.asking}/items/u00001")
    assert found["item"]["result"] == "sent, because: well said"
    assert [(step["name"], step["answeredBy"]) for step in found["steps"]] == [("approve", "ops")]
    waiting = api.get(f"/api/runs/{past.asking}/suspended")["suspended"]
    assert [one["itemId"] for one in waiting] == ["u00002", "u00003"]


def test_an_item_that_is_at_work_tells_where_and_at_which_step(
    console: Console, api: Api, past: Past
) -> None:
    run_id = api.start("visit", itemIds=["u00001"])
    console.open(f"/runs/{run_id}/items/u00001")
    expect(console.heading("At work now")).to_be_visible()
    expect(console.page.get_by_role("listitem").filter(has_text="stay, try 1")).to_be_visible()
    api.start("visit", itemIds=["u00002"])
    expect(console.heading("At work now")).to_be_hidden()
    expect(console.heading(re.compile("u00001.*succeeded"))).to_be_visible()


def test_an_item_leads_to_its_trace(console: Console, api: Api, past: Past) -> None:
    trace_id = api.get(f"/api/runs/{past.asking}")["trace"]["traceId"]
    console.open(f"/runs/{past.asking}/items/u00001")
    link = console.page.get_by_role("link", name=trace_id)
    expect(link).to_have_attribute("href", TRACE_URL.replace("{trace_id}", trace_id))


def test_a_failed_item_tells_why_and_a_preview_saves_nothing(
    console: Console, api: Api, past: Past
) -> None:
    page = console.page
    before = _runs(api)
    console.open(f"/runs/{past.billed}/items/u00007")
    expect(console.heading("Fatal")).to_be_visible()
    expect(page.get_by_text(ADDRESS).first).to_be_visible()
    page.get_by_role("group").get_by_text("Traceback", exact=True).click()
    expect(page.get_by_text("raise Fatal(ADDRESS)")).to_be_visible()
    console.button("Preview this item").click()
    expect(page.get_by_role("alert")).to_contain_text(ADDRESS)
    console.forgive("status of 424")

    console.open(f"/runs/{past.billed}/items/u00001")
    console.button("Preview this item").click()
    expect(page.get_by_text(re.compile(r"^in [\d.]+ m?s$"))).to_be_visible()
    assert _runs(api) == before


def _runs(api: Api) -> list[str]:
    return [run["id"] for run in api.get("/api/runs")["runs"]]


def test_pictures_that_were_painted_side_by_side_are_shown(console: Console, past: Past) -> None:
    console.open(f"/runs/{past.painted}/items/u00001")
    expect(console.heading("Side by side")).to_be_visible()
    pictures = console.page.get_by_role("img", name="Result: card/")
    expect(pictures).to_have_count(2)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.evaluate("picture => picture.naturalWidth") == 128
