"""What the overview says when nothing can move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.support.console import visit
from tests.e2e.support.stack import Stack, running
from tests.support.servers.choice import TestServers


@pytest.fixture
def alone(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An API without a worker, whose Redis is not there."""
    away = replace(servers, redis_url="redis://127.0.0.1:1")
    with running(Stack(away, tmp_path_factory.mktemp("alone"), workers=0)) as stack:
        yield stack


def test_that_no_worker_is_alive_and_redis_is_away_is_said_at_the_top(
    browser: Browser, alone: Stack
) -> None:
    with visit(browser, alone.url) as console:
        console.open("/")
        expect(console.heading("Overview")).to_be_visible()
        said = console.page.get_by_role("alert")
        expect(said.filter(has_text="No worker is alive")).to_be_visible()
        expect(said.filter(has_text="Redis does not answer")).to_be_visible()
