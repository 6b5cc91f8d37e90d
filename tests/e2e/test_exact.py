"""Numbers that a browser would round, and ids that an address would lead elsewhere."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.support.console import Console
from tests.e2e.support.stack import Api

LARGE = 9007199254740993
"""2 to the power of 53, and one: the first that a browser rounds."""
IDS = ("u00001/stream", "..", "a b?c=d&id=e#f", "%2F")


def test_a_large_number_is_started_with_and_shown_as_it_was_typed(
    console: Console, api: Api
) -> None:
    page = console.page
    console.open("/families/billing")
    number = page.get_by_label("Number")
    number.fill("1e400")
    expect(page.get_by_text("is larger than any number that can be kept")).to_be_visible()
    number.fill(str(LARGE))
    run = console.button(re.compile("^Run over"))
    expect(run).to_be_enabled()
    run.click()
    expect(page).to_have_url(re.compile(r"/runs/run_\w+$"))
    run_id = console.path.rpartition("/")[2]
    assert api.run(run_id)["params"] == {"number": LARGE}
    console.open(f"/runs/{run_id}/details")
    expect(page.get_by_text(str(LARGE)).first).to_be_visible()
    assert console.page.get_by_text(str(LARGE - 1)).count() == 0


def test_an_item_is_found_by_a_click_whatever_its_id_holds(console: Console, api: Api) -> None:
    run_id = api.start("billing", itemIds=list(IDS))
    api.ended(run_id)
    for item_id in IDS:
        console.open(f"/runs/{run_id}/items")
        console.page.get_by_role("link", name=item_id, exact=True).click()
        heading = console.page.get_by_role("heading").filter(has_text=item_id)
        expect(heading.first).to_be_visible()
        expect(console.page.get_by_text(f"The bill of {item_id}").first).to_be_visible()
