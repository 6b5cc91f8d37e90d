"""A sample before the run, in the start form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.support.offers import OFFERED
from tests.e2e.support.stack import LOOK, Api

pytestmark = pytest.mark.short


def test_a_sample_of_fifty_shows_what_would_become_of_a_run(visiting: Visit, api: Api) -> None:
    before = api.get("/api/runs?family=offer")["runs"]
    with visiting(LOOK) as console:  # who may only look may try it
        page = console.page
        console.open("/families/offer")
        panel = page.get_by_role("region", name="A sample first")
        expect(panel.get_by_label("How many users")).to_have_value(str(OFFERED))
        console.button("Try a sample").click()
        expect(panel).to_contain_text(
            "Executed 50 users and saved nothing, for 1.00 USD and 500 tokens: 35 would succeed,"
            " 5 would be skipped, 5 failed, 5 would wait"
        )
        outcomes = panel.get_by_role("table").get_by_role("row")
        expect(outcomes).to_have_text(
            [
                "OutcomeItemsShare",
                re.compile("succeeded.*3570%"),
                re.compile("skipped.*510%"),
                re.compile("failed.*510%"),
                re.compile("suspended.*510%"),
            ]
        )
        expect(panel).to_contain_text(re.compile(r"5 ×\s+Fatal"))
        expect(panel).to_contain_text("There is no address of ….")
        expect(panel).to_contain_text("… wants nothing.")
        expect(panel).to_contain_text("It stops at approve")
        expect(panel).to_contain_text("A tenth less")
        expect(panel).to_contain_text("An item took, median")
        expect(panel).to_contain_text("A run over all 50 users")
        expect(panel).to_contain_text("in the sample; the cost from what the sample spent an item")
        expect(panel).to_contain_text("5 of 10 that have a result would get another.")
        changed = panel.get_by_role("group").filter(has_text="u000").first
        changed.locator("summary").click()
        expect(changed).to_contain_text('-"A former offer"')
        assert console.overflow() == 0
        assert console.violations() == []

        # What was typed since is another sample.
        panel.get_by_label("How many users").fill("201")
        expect(panel.get_by_role("table")).to_have_count(0)
        expect(console.button("Try a sample")).to_have_accessible_description(
            "A sample is of 1 to 200."
        )
        panel.get_by_label("How many users").fill("3")
        console.button("Try a sample").click()
        expect(panel).to_contain_text("Executed 3 users and saved nothing")
    assert api.get("/api/runs?family=offer")["runs"] == before == []


def test_one_that_takes_long_can_be_stopped(visiting: Visit, api: Api) -> None:
    api.pin("greeting.execute", rate=1)
    with visiting() as console:
        console.open("/families/greeting?run.force=true")
        console.button("Try a sample").click()
        console.button("Stop").click()
        expect(console.page.get_by_text("It was stopped. Nothing was saved.")).to_be_visible()
        expect(console.button("Try a sample")).to_be_enabled()
