"""Who is told, in the console: added, its secret shown once, and removed."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.support.console import Console
from tests.e2e.support.stack import Api

SECRET = "services/T000/of-the-path-of-it"


def test_a_target_is_added_shows_its_secret_once_and_is_removed(console: Console, api: Api) -> None:
    console.open("/notifications")
    console.button("Add a target").click()
    dialog = console.dialog
    dialog.get_by_label("Address").fill("https://127.0.0.1/hook")
    dialog.get_by_label("Name").fill("on-call")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_contain_text("SLUICE_NOTIFY_PRIVATE")
    console.forgive("422")
    dialog.get_by_label("Address").fill(f"https://93.184.216.34/{SECRET}")
    dialog.get_by_label("run.waiting_for_approval").check()
    dialog.get_by_label("Why").fill("For the night.")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_contain_text("whsec_")
    dialog.get_by_role("button", name="I have kept it").click()
    card = console.page.get_by_role("listitem").filter(has_text="on-call")
    expect(card).to_contain_text("https://93.184.216.34/…")
    expect(card).to_contain_text("run.waiting_for_approval")
    assert "whsec_" not in console.page.content()
    assert SECRET not in console.page.content()
    card.get_by_role("button", name="Last deliveries").click()
    expect(card).to_contain_text("Nothing was told it yet.")
    card.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(card).to_be_hidden()
    entries = api.get("/api/audit?subject=notification&limit=2")["entries"]
    assert [one["action"] for one in entries] == ["notification_deleted", "notification_created"]
    assert entries[1]["note"] == "For the night."
