"""The console behind a proxy that serves it below a path, whether or not it takes that away."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.support.console import visit
from tests.e2e.support.stack import Api, Stack, running
from tests.support.http import serving
from tests.support.network.proxy import proxy
from tests.support.servers.choice import TestServers

PREFIX = "/tools/sluice"


@contextmanager
def below(stack: Stack, *, strips: bool) -> Iterator[str]:
    """The proxy's address. It runs in a thread, because Playwright's loop has this one."""
    address: Future[str] = Future()
    stop: Future[None] = Future()

    async def serve() -> None:
        async with (
            httpx2.AsyncClient(base_url=stack.url, timeout=None) as client,
            serving(proxy(client, PREFIX, strips=strips)) as url,
        ):
            address.set_result(url)
            await asyncio.wrap_future(stop)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield address.result(20) + PREFIX
    finally:
        stop.set_result(None)
        thread.join()


@pytest.fixture(scope="module")
def prefixed(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("prefixed")
    with running(Stack(servers, folder, root_path=PREFIX)) as stack:
        yield stack


@pytest.mark.parametrize("strips", [True, False], ids=["stripped", "kept"])
def test_a_run_is_started_and_watched_below_the_path(
    browser: Browser, prefixed: Stack, *, strips: bool
) -> None:
    with below(prefixed, strips=strips) as url, visit(browser, url, None) as console:
        page = console.page
        page.goto(f"{url}/")
        console.sign_in()
        expect(console.heading("Overview")).to_be_visible()
        [cookie] = page.context.cookies()
        assert cookie["path"] == PREFIX
        page.get_by_role("link", name="Families").click()
        console.open("/families/greeting?run.force=true&run.limit=3")
        console.button(re.compile("^Run over 3")).click()
        expect(page).to_have_url(re.compile(rf"{PREFIX}/console/runs/run_\w+$"))
        run_id = console.path.rpartition("/")[2]
        with closing(Api(prefixed.url)) as api:
            api.ended(run_id)
        expect(page.get_by_text("succeeded").first).to_be_visible()
        page.reload()
        expect(page.get_by_text("succeeded").first).to_be_visible()
        # The page says itself that nothing was asked of elsewhere: see `Console`.
        assert all(call.startswith(f"{url}/") for call in console.calls)
        console.forgive("status of 401")


def test_whoever_reaches_the_service_without_the_proxy_finds_the_same(
    browser: Browser, prefixed: Stack
) -> None:
    with visit(browser, prefixed.url, None) as console:
        console.open("/schedules")
        console.sign_in()
        expect(console.heading("Schedules")).to_be_visible()
        console.forgive("status of 401")
