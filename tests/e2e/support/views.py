"""Every view of the console: its address, and how one knows that it is there."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import Past
from tests.e2e.support.console import Console
from tests.e2e.support.stack import Api

VIEWS = {
    "overview": "",
    "families": "/families",
    "start": "/families/greeting?run.force=true",
    "runs": "/runs",
    "no-runs": "/runs?status=failed&startedBy=nobody",
    "running": "/runs/{running}",
    "failed": "/runs/{billed}",
    "asking": "/runs/{asking}",
    "items": "/runs/{billed}/items",
    "events": "/runs/{billed}/events",
    "details": "/runs/{billed}/details",
    "failed-item": "/runs/{billed}/items/u00007",
    "asking-item": "/runs/{asking}/items/u00003",
    "painted-item": "/runs/{painted}/items/u00001",
    "backfills": "/backfills",
    "backfill": "/backfills/{backfill}",
    "new-backfill": "/backfills/new?family=report&from=2026-03-01&to=2026-03-08",
    "flow-control": "/flow-control",
    "schedules": "/schedules",
    "sent-events": "/events",
    "questions": "/questions",
    "notifications": "/notifications",
    "audit": "/audit",
    "nothing": "/nowhere",
}

ACTIONS = {
    "start": {"Run over 120 users"},
    "running": {"Pause", "Cancel"},
    "failed": {"Retry 8 failed", "Retry these"},
    "failed-item": {"Retry this item"},
    "asking-item": {"Answer, and let it go on"},
    "new-backfill": {"Begin 7 partitions"},
    "flow-control": {"Edit", "Pause"},
    "schedules": {"New schedule", "Run now", "Pause", "Remove"},
    "notifications": {"Add a target"},
}
"""What each view has that changes something."""


def address(view: str, api: Api, past: Past) -> str:
    """Starts a run, slow enough to be seen going, for a view that needs one."""
    path = VIEWS[view]
    running = ""
    if "{running}" in path or view == "overview":
        api.quiet()
        api.pin("greeting.execute", rate=15)
        running = api.start("greeting", force=True)
        api.moved(running, ended=15)
    return path.format(running=running, **vars(past))


def shown(console: Console, path: str) -> None:
    """Open it, and wait until its data is there."""
    console.open(path)
    expect(console.page.get_by_role("heading", level=1)).to_be_visible()
    expect(console.page.locator(".loading, .stale, .busy.on")).to_have_count(0)
