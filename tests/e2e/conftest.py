"""One service and one browser for all tests, and a new tab for each.

Playwright's loop runs in this process, so no test here is a coroutine: ``make e2e`` has a process
of its own, and ``make test`` does not look in this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from functools import partial

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.support.browser import NoBrowser, executable
from tests.e2e.support.console import Console, visit
from tests.e2e.support.stack import Api, Stack, running
from tests.support.servers.choice import TestServers, choose, start

Visit = Callable[..., AbstractContextManager[Console]]


@pytest.fixture(scope="session")
def servers() -> Iterator[TestServers]:
    with ExitStack() as stack:
        yield start(choose(), stack)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        path = executable()
    except NoBrowser as missing:
        pytest.exit(str(missing), returncode=2)
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(Stack(servers, tmp_path_factory.mktemp("service"))) as stack:
        yield stack


@pytest.fixture(scope="session")
def whole_api(stack: Stack) -> Iterator[Api]:
    with closing(Api(stack.url)) as api:
        yield api


@dataclass(frozen=True)
class Past:
    """Runs that are there before anybody looks."""

    billed: str
    """Ended, with two groups of four failures each."""
    painted: str
    """Ended; its items have steps that went side by side, and pictures."""
    asking: str
    """Its three items wait for a person."""
    backfill: str
    """Ended: a week of days."""


@pytest.fixture(scope="session")
def past(whole_api: Api) -> Past:
    week = {"family": "report", "from": "2026-01-01", "to": "2026-01-08"}
    past = Past(
        billed=whole_api.start("billing"),
        painted=whole_api.start("card"),
        asking=whole_api.start("letter"),
        backfill=str(whole_api.ask("POST", "/api/backfills", week)["backfillId"]),
    )
    whole_api.kept.add(past.asking)
    schedule = {"family": "greeting", "expression": "0 3 * * 1", "name": "weekly"}
    whole_api.ask("POST", "/api/schedules", {**schedule, "tz": "Europe/Berlin"})
    whole_api.ended(past.billed)
    whole_api.ended(past.painted)
    whole_api.backfilled(past.backfill)
    whole_api.once(
        lambda: whole_api.run(past.asking), lambda run: run["counters"]["suspended"] == 3, 20
    )
    return past


@pytest.fixture
def api(whole_api: Api) -> Iterator[Api]:
    """Whatever a test starts is over when the next one begins."""
    yield whole_api
    whole_api.quiet()


@pytest.fixture
def visiting(browser: Browser, stack: Stack, api: Api) -> Visit:
    """Opens tabs, each of a visitor of its own: ``with visiting(LOOK) as console:``."""
    return partial(visit, browser, stack.url)


@pytest.fixture
def console(visiting: Visit) -> Iterator[Console]:
    """A tab in which a token is signed in that may do everything."""
    with visiting() as console:
        yield console
