"""Each view: nothing that axe finds, in light and dark, and nothing beyond a narrow screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Past, Visit
from tests.e2e.support.console import NARROW
from tests.e2e.support.stack import Api
from tests.e2e.support.views import VIEWS, address, shown


@pytest.mark.short
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_in_light_nor_in_dark(
    visiting: Visit, api: Api, past: Past, view: str
) -> None:
    path = address(view, api, past)
    with visiting() as console:
        shown(console, path)
        assert console.violations() == []


@pytest.mark.short
def test_axe_finds_nothing_where_one_signs_in(visiting: Visit) -> None:
    with visiting(None) as console:
        console.open("/runs")
        expect(console.heading("Sign in to Sluice")).to_be_visible()
        assert console.violations() == []
        console.forgive("status of 401")


@pytest.mark.parametrize("dialog", ["Cancel", "Retry these", "New schedule", "Keys", "Edit"])
def test_axe_finds_nothing_in_what_opens_over_a_view(
    visiting: Visit, api: Api, past: Past, dialog: str
) -> None:
    views = {"Cancel": "asking", "Retry these": "failed", "New schedule": "schedules"}
    with visiting() as console:
        view = "flow-control" if dialog == "Edit" else views.get(dialog, "runs")
        shown(console, address(view, api, past))
        console.page.get_by_role("button", name=dialog).first.click()
        expect(console.button(re.compile("^(Back|Close)$"))).to_be_visible()
        assert console.violations() == []


def test_a_narrow_screen_needs_no_scrolling_sideways(
    visiting: Visit, api: Api, past: Past, subtests: pytest.Subtests
) -> None:
    with visiting(size=NARROW) as console:
        for view in VIEWS:
            with subtests.test(view):
                shown(console, address(view, api, past))
                assert console.overflow() <= 0
