"""Who may only look, and whose session is over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Past, Visit
from tests.e2e.support.stack import LOOK, Api
from tests.e2e.support.views import ACTIONS, address, shown

HARMLESS = re.compile(
    "^(Copy|Copy JSON|Count coverage now|Preview this item|Try a sample|Clear|Show \\d+ more"
    "|Previous|[{[].*)$"
)


@pytest.mark.parametrize("view", ACTIONS)
def test_a_token_that_may_only_read_sees_every_action_disabled_and_why(
    visiting: Visit, api: Api, past: Past, view: str
) -> None:
    with visiting(LOOK) as console:
        shown(console, address(view, api, past))
        actions = [
            button
            for button in console.page.locator("main button").all()
            if not HARMLESS.match(button.text_content() or "")
        ]
        expected = ACTIONS[view]
        assert {button.text_content() for button in actions} >= expected
        for button in actions:
            expect(button).to_have_attribute("aria-disabled", "true")
            expect(button).to_have_accessible_description(
                re.compile(
                    r"needs a token with the scope (run|approve)\. The token look has read\."
                )
            )
            button.click(force=True)
        expect(console.dialog).to_have_count(0)
        assert console.changes == []


def test_the_server_refuses_what_the_page_does_not_offer(
    visiting: Visit, api: Api, past: Past
) -> None:
    calls = [
        f"/api/runs/{past.asking}/cancel",
        f"/api/runs/{past.billed}/retry",
        "/api/flow-control/greeting.execute/pause",
        f"/api/runs/{past.asking}/items/u00002/resume",
    ]
    with visiting(LOOK) as console:
        console.open("/runs")
        expect(console.heading("Runs")).to_be_visible()
        for path in calls:
            assert _posts(console.page, path) == 403
        console.forgive("status of 403")
    assert api.run(past.asking)["status"] == "running"
    assert not any(flow["paused"] for flow in api.get("/api/flow-control")["flowControl"])


def _posts(page: Page, path: str) -> int:
    """What the page is answered, with its cookie and the header that its calls have."""
    status: int = page.evaluate(
        "path => fetch(path, {method: 'POST', body: '{}', headers: {'X-Sluice-Console': '1',"
        " 'Content-Type': 'application/json'}}).then(answer => answer.status)",
        path,
    )
    return status


def test_a_session_that_is_over_leads_to_signing_in_and_back(visiting: Visit, past: Past) -> None:
    with visiting() as console:
        page = console.page
        console.open(f"/runs/{past.billed}/items?status=failed")
        expect(page.get_by_role("row")).to_have_count(1 + 8)
        page.context.clear_cookies()  # as the browser does after twelve hours
        expect(console.heading("Sign in to Sluice")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("Your session is over")
        assert console.path == f"/runs/{past.billed}/items?status=failed"
        console.sign_in()
        expect(page.get_by_role("row")).to_have_count(1 + 8)
        assert console.path == f"/runs/{past.billed}/items?status=failed"
        console.forgive("status of 401")


def test_signing_out_takes_the_session_back(visiting: Visit) -> None:
    with visiting() as console:
        console.open("/flow-control")
        console.button("Sign out").click()
        expect(console.heading("Sign in to Sluice")).to_be_visible()
        console.page.reload()
        expect(console.heading("Sign in to Sluice")).to_be_visible()
        assert console.page.context.cookies() == []
        console.forgive("status of 401")
