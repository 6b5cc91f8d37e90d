"""A service that goes away and comes back under a page that is open, on a service of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.support.console import visit
from tests.e2e.support.families import USERS
from tests.e2e.support.stack import OPS, TOKENS, Api, Stack, running
from tests.support.servers.choice import TestServers

LEAVER = "secret-of-leaver-0123456789"
GONE = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"


@pytest.fixture
def own(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("restarted")
    with running(Stack(servers, folder, {**TOKENS, "leaver": LEAVER})) as stack:
        yield stack


def test_an_open_page_reconnects_and_a_token_that_was_taken_away_signs_in_anew(
    browser: Browser, own: Stack
) -> None:
    with (
        closing(Api(own.url)) as api,
        visit(browser, own.url) as console,
        visit(browser, own.url, LEAVER) as leaver,
    ):
        api.pin("greeting.execute", rate=10)
        run_id = api.start("greeting")
        api.moved(run_id)
        console.open(f"/runs/{run_id}")
        leaver.open("/flow-control")
        expect(console.heading("greeting running")).to_be_visible()
        expect(leaver.heading("Flow control")).to_be_visible()

        own.stop()
        expect(console.page.get_by_text("The connection is lost.")).to_be_visible()
        expect(leaver.page.get_by_role("alert").first).to_contain_text("does not answer")
        # What was known stays on the page.
        expect(console.page.get_by_text(re.compile(rf"^\d+ of {USERS} \("))).to_be_visible()

        own.tokens = TOKENS
        own.start()
        expect(console.page.get_by_text("The connection is lost.")).to_be_hidden()
        api.pin("greeting.execute", rate=100)
        ended = api.ended(run_id)
        assert ended["counters"]["succeeded"] == USERS
        expect(console.heading("greeting succeeded")).to_be_visible()
        expect(console.page.get_by_text(f"{USERS} of {USERS} (100%)")).to_be_visible()
        expect(console.page.get_by_role("alert")).to_have_count(0)

        # Nobody signed out, but the token is not there any more.
        expect(leaver.heading("Sign in to Sluice")).to_be_visible()
        leaver.sign_in(LEAVER)
        expect(leaver.page.get_by_text("This token is not known here")).to_be_visible()
        leaver.sign_in(OPS)
        expect(leaver.heading("Flow control")).to_be_visible()
        assert leaver.path == "/flow-control"
        for tab in (console, leaver):
            tab.forgive(GONE)
        leaver.forgive("status of 401")
