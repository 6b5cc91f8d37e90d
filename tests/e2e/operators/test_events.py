"""What happened elsewhere, in the console: what an event started, and who went on with it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.support.console import Console
from tests.e2e.support.invoices import MADE, PAID
from tests.e2e.support.stack import Api


def test_an_event_shows_what_it_started_and_another_who_went_on_with_it(
    console: Console, api: Api
) -> None:
    page = console.page
    api.ask("POST", "/api/events", {"name": "invoice/misspelt", "id": "m1", "data": {}})
    api.ask("POST", "/api/events", {"name": MADE, "id": "made-1", "data": {"user": "u00002"}})
    runs = api.once(
        lambda: api.get("/api/runs?family=invoice&limit=1"), lambda found: bool(found["runs"]), 20
    )["runs"]
    run_id = str(runs[0]["id"])
    steps = f"/api/runs/{run_id}/item?id=u00002"
    api.once(
        lambda: api.get(f"/api/runs/{run_id}"),
        lambda one: bool(one["run"]["counters"]["suspended"]),
        20,
    )
    assert [step["status"] for step in api.get(steps)["steps"]] == ["waiting"]

    console.open(f"/runs/{run_id}/items/u00002")
    page.locator(".steps .step-name").click()
    expect(page.locator(".steps")).to_contain_text(
        f"It waits for event {PAID} with invoice.user = u00002."
    )

    paid = {"invoice": {"user": "u00002"}}
    api.ask("POST", "/api/events", {"name": PAID, "id": "paid-1", "data": paid})
    api.ended(run_id)
    console.open("/events")
    made = page.locator(".events > li").filter(has_text="made-1")
    expect(made).to_contain_text("u00002 started")
    expect(made.get_by_role("link", name=run_id)).to_be_visible()
    woken = page.locator(".events > li").filter(has_text="paid-1")
    expect(woken).to_contain_text("1 item went on:")
    strangers = page.locator(".card").filter(has_text="Names that nobody knows")
    strangers.get_by_role("link", name="invoice/misspelt").click()
    expect(made).to_be_hidden()
    expect(page.locator(".events > li")).to_have_count(1)
    expect(page.locator(".events > li")).to_contain_text("Nobody knows its name.")
    page.get_by_label("Name", exact=True).fill(PAID)
    page.get_by_label("Name", exact=True).press("Enter")
    woken.get_by_role("link", name=run_id).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("invoice")
