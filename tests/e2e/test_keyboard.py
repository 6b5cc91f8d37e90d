"""Keys that work everywhere, unless one types."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.conftest import Past
from tests.e2e.support.console import Console
from tests.e2e.support.stack import Api


def test_a_key_searches_and_a_name_leads_to_its_view(console: Console, past: Past) -> None:
    page = console.page
    console.open("/families")
    expect(console.heading("greeting")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Go to a run")).to_be_focused()
    page.keyboard.type("greet")
    expect(page.get_by_role("option").first).to_contain_text("greeting")
    page.keyboard.press("Enter")
    expect(console.heading("Start greeting")).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type(past.billed)
    page.keyboard.press("Enter")
    expect(console.heading("billing partial")).to_be_visible()
    assert console.path == f"/runs/{past.billed}"


def test_a_key_lists_the_keys_and_escape_closes_the_list(console: Console) -> None:
    console.open()
    expect(console.heading("Overview")).to_be_visible()
    console.page.keyboard.press("?")
    expect(console.dialog).to_contain_text("go to the runs")
    console.page.keyboard.press("g")  # what is below it does not hear
    console.page.keyboard.press("r")
    assert console.path == ""
    console.page.keyboard.press("Escape")
    expect(console.dialog).to_be_hidden()


@pytest.mark.parametrize(
    ("key", "heading", "path"),
    [
        ("o", "Overview", ""),
        ("f", "Families", "/families"),
        ("r", "Runs", "/runs"),
        ("b", "Backfills", "/backfills"),
        ("c", "Flow control", "/flow-control"),
        ("s", "Schedules", "/schedules"),
        ("e", "Events", "/events"),
        ("q", "Questions", "/questions"),
        ("n", "Notifications", "/notifications"),
        ("a", "Audit", "/audit"),
    ],
)
def test_two_keys_go_to_a_view(console: Console, key: str, heading: str, path: str) -> None:
    console.open("/nowhere")
    expect(console.button("Sign out")).to_be_visible()
    console.page.keyboard.press("g")
    console.page.keyboard.press(key)
    expect(console.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    assert console.path.rstrip("/") == path


def test_two_keys_go_to_a_view_though_an_answer_comes_between_them(console: Console) -> None:
    page = console.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/session", hold)
    page.clock.set_fixed_time(time.time() * 1000)  # however slow this machine is
    console.open("/nowhere")
    expect(console.heading("There is nothing here")).to_be_visible()
    page.keyboard.press("g")
    held[0].continue_()
    expect(console.button("Sign out")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible(timeout=1_000)


def test_a_key_refreshes_what_is_shown_while_refreshing_is_paused(
    console: Console, api: Api
) -> None:
    page = console.page
    console.open("/runs?family=greeting&startedBy=ops")
    expect(console.heading("Runs")).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.get_by_text("Refreshing is paused")).to_be_visible()
    run_id = api.start("greeting", force=True, limit=1)
    api.ended(run_id)
    page.wait_for_timeout(5_000)  # longer than the view waits between two looks
    expect(page.get_by_text(run_id)).to_have_count(0)
    page.keyboard.press("r")
    expect(page.get_by_text(run_id)).to_be_visible()


def test_keys_are_letters_where_one_types(console: Console) -> None:
    console.open("/families/greeting")
    field = console.page.get_by_label("Limit")
    console.page.get_by_text("Options").click()
    field.focus()
    console.page.keyboard.type("g")
    console.page.keyboard.type("r?")
    expect(console.heading("Start greeting")).to_be_visible()
    expect(console.dialog).to_be_hidden()


@pytest.mark.parametrize(
    ("view", "name", "label"),
    [("runs", "startedBy", "Started by"), ("audit", "who", "Who"), ("events", "name", "Name")],
)
def test_who_passes_through_a_filter_goes_nowhere_and_who_types_there_does(
    console: Console, view: str, name: str, label: str
) -> None:
    page = console.page
    asked = f"/{view}?{name}=a%20b"  # as others write an address, and the console does not
    console.open(asked)
    field = page.get_by_label(label, exact=True)
    expect(field).to_have_value("a b")
    steps = page.evaluate("history.length")
    field.focus()
    page.keyboard.press("Tab")
    expect(field).not_to_be_focused()
    assert (console.path, page.evaluate("history.length")) == (asked, steps)
    field.fill(" c ")
    page.keyboard.press("Tab")
    page.wait_for_url(f"**/{view}?{name}=c")
    expect(field).to_have_value("c")
    assert page.evaluate("history.length") == steps + 1
    field.fill("")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{view}")
    expect(console.button("Clear")).to_have_count(0)
