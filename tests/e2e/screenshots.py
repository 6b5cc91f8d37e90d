"""Pictures of every view, light and dark, over the demo's data: ``make screenshots``.

Each is of a real service with servers of its own, which works meanwhile. Those that the README
shows are committed, and as high as a screen; git ignores the others, which are as high as their
view.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.support.browser import NoBrowser, executable
from tests.e2e.support.console import Console, visit
from tests.e2e.support.stack import OPS, ROOT, Api, Json, Stack, running
from tests.support.servers.choice import choose, start
from tests.support.servers.ports import free_port

TO = ROOT / "docs" / "screenshots"
FAMILIES = {"welcome-placeholder", "agent-welcome", "scene-images", "review-post"}
SHOWN = {"overview-dark", "run-light", "start-light"}
"""With those of ``demos``."""
SIZE = (1280, 900)
HIGH = (1280, 1800)
SETTLES = 1_500
"""Milliseconds: charts and numbers of a view that was just opened."""
POSTS = 12


class Publisher(BaseHTTPRequestHandler):
    """Where approved posts go. It takes no fourth one."""

    taken = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken += 1
        self.send_response(201 if self.taken <= 3 else 422)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: this is no server of anybody's."""


@contextmanager
def publisher() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/posts"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def demo(folder: Path, posts_url: str) -> Iterator[str]:
    """What ``make serve`` starts, with servers and data of its own. Yields its URL."""
    port = str(free_port())
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    settings = {
        "SLUICE_DATA_DIR": str(folder),
        "SLUICE_TOKENS": f"ops:{OPS}",
        "SLUICE_PORT": port,
        "SLUICE_WATCHDOG_SECONDS": "1",
        "SLUICE_LOG_LEVEL": "error",
        "POSTS_URL": posts_url,
    }
    process = subprocess.Popen(
        [Path(sys.executable).with_name("sluice"), "serve", "--worker", "--demo"],
        env={**kept, **settings},
        cwd=folder,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert b"Sluice listens on" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def require_examples(api: Api) -> None:
    there = {family["name"] for family in api.get("/api/families")["families"]}
    if missing := FAMILIES - there:
        sys.exit(
            f"The pictures are of the example families, and this service has left out: {missing}"
        )


def begin(api: Api) -> dict[str, str]:
    """Work of each kind: ended, waiting for people, failed, and going on. The runs by family."""
    runs = {
        "scene-images": _start(api, "scene-images", "scenes"),
        "agent-welcome": _start(api, "agent-welcome", "agents", limit=180),
        "review-post": _start(api, "review-post", "posts"),
    }
    for name, family, expression in (
        ("nightly", "welcome-placeholder", "0 3 * * *"),
        ("weekday-agents", "agent-welcome", "30 6 * * 1-5"),
        ("weekly-scenes", "scene-images", "0 4 * * 0"),
    ):
        body = {"name": name, "family": family, "expression": expression, "tz": "Europe/Berlin"}
        api.ask("POST", "/api/schedules", body)
    api.ended(runs["scene-images"], within=60)
    api.ended(runs["agent-welcome"], within=60)
    review = runs["review-post"]
    api.once(lambda: api.run(review), lambda run: run["counters"]["suspended"] == POSTS, within=30)
    asked: list[Json] = api.get(f"/api/runs/{review}/suspended")["suspended"]
    for question in asked[:5]:
        answer = {"step": question["step"], "data": {"approved": True, "note": "Good as it is."}}
        path = f"/api/runs/{review}/items/{question['itemId']}/resume"
        api.ask("POST", path, answer)
        time.sleep(0.2)  # so that they are published in their order
    api.once(lambda: api.run(review), lambda run: run["ended"] == 5, within=30)
    api.pin("welcome-placeholder.execute", parallelism=10, rate=15)
    return {**runs, "welcome-placeholder": _start(api, "welcome-placeholder", "users")}


def _start(api: Api, family: str, entities: str, **body: object) -> str:
    started = api.ask("POST", f"/api/workflows/{family}/process-{entities}", dict(body))
    return str(started["runId"])


def views(api: Api, runs: dict[str, str]) -> dict[str, str]:
    going, scenes, posts = (
        runs[family] for family in ("welcome-placeholder", "scene-images", "review-post")
    )
    painted = api.get(f"/api/runs/{scenes}/items?limit=1")["items"][0]["itemId"]
    asking = api.get(f"/api/runs/{posts}/suspended")["suspended"][0]["itemId"]
    failed = api.get(f"/api/runs/{posts}/items?status=failed&limit=1")["items"][0]["itemId"]
    return {
        "run": f"/runs/{going}",
        "overview": "",
        "flow-control": "/flow-control",
        "start": "/families/welcome-placeholder?paidOnly=true&run.canary=10",
        "families": "/families",
        "runs": "/runs",
        "items": f"/runs/{going}/items?status=succeeded",
        "events": f"/runs/{posts}/events",
        "details": f"/runs/{scenes}/details",
        "failures": f"/runs/{posts}",
        "item-painted": f"/runs/{scenes}/items/{painted}",
        "item-asking": f"/runs/{posts}/items/{asking}",
        "item-failed": f"/runs/{posts}/items/{failed}",
        "schedules": "/schedules",
        "backfills": "/backfills",
    }


def demos(browser: Browser, stack: Stack) -> None:
    """What the guides show of demonstrations: tenants in the middle of a run, and an item whose
    call went with those of others."""
    with closing(Api(stack.url)) as api, visit(browser, stack.url, size=HIGH) as console:
        embedded = _start(api, "embed-texts", "texts")
        api.ended(embedded, within=60)
        limits = "/api/flow-control/remind-invoices.execute/partitions"
        api.ask("PUT", limits, {"partition": "acme", "parallelism": 4})
        _start(api, "remind-invoices", "invoices", params={"seconds": 10})
        console.open("/flow-control")
        shown = console.page.locator("[id='remind-invoices.execute']")
        expect(shown).to_contain_text("296 waiting apart", timeout=60_000)
        console.page.wait_for_timeout(SETTLES)
        keep(shown.screenshot(), TO / "tenants-light.png")
        console.open(f"/runs/{embedded}/items/text-001")
        expect(console.page.get_by_text("embed", exact=True).first).to_be_visible()
        console.page.wait_for_timeout(SETTLES)
        keep(console.page.locator("main").screenshot(), TO / "batched-light.png")
        api.quiet()


def take(console: Console, name: str, path: str) -> None:
    console.open(path)
    expect(console.page.get_by_role("heading", level=1)).to_be_visible()
    expect(console.page.locator(".loading")).to_have_count(0)
    console.page.wait_for_timeout(SETTLES)
    for colours in ("light", "dark"):
        console.page.emulate_media(color_scheme=colours)
        console.page.wait_for_timeout(300)
        file = f"{name}-{colours}"
        keep(console.page.screenshot(full_page=file not in SHOWN), TO / f"{file}.png")


def keep(picture: bytes, to: Path) -> None:
    """With 256 colours, which a console has hardly more of, it takes a third of the room."""
    with Image.open(BytesIO(picture)) as whole:
        few = whole.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(to, optimize=True)
    sys.stdout.write(f"{to.relative_to(ROOT)} {to.stat().st_size // 1000} kB\n")


def main() -> None:
    TO.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        publisher() as posts_url,
        demo(Path(folder), posts_url) as url,
        closing(Api(url)) as api,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable())
        require_examples(api)
        runs = begin(api)
        api.moved(runs["welcome-placeholder"], ended=200, within=60)
        with visit(browser, url, None, size=SIZE) as console:
            take(console, "sign-in", "/runs")
            console.forgive("status of 401")
        with visit(browser, url, size=SIZE) as console:
            for name, path in views(api, runs).items():
                take(console, name, path)
        with ExitStack() as kept:
            servers = start(choose(), kept)
            with running(Stack(servers, Path(folder) / "demos", families="demos")) as stack:
                demos(browser, stack)
        browser.close()


if __name__ == "__main__":
    try:
        main()
    except NoBrowser as missing:
        sys.exit(str(missing))
