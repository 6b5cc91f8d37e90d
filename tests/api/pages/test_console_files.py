"""What is served as the console, and what is not."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.api.app import build_app
from tests.support.http import assert_problem, nothing_opens

INDEX = "<!doctype html><title>Sluice</title>" + "<p>A line of the page.</p>" * 40
SCRIPT = "export const answer = 42;\n" * 100
ASSET = "/console/assets/index-5f3a9c.js"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("not for anybody", "utf-8")
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / ".hidden").write_text("hidden", "utf-8")
    (static / "index.html").write_text(INDEX, "utf-8")
    (static / "favicon.png").write_bytes(b"\x89PNG" + bytes(500))
    (static / "assets" / "index-5f3a9c.js").write_text(SCRIPT, "utf-8")
    (static / "assets" / "out.txt").symlink_to(tmp_path / "secret.txt")
    return static


@pytest.fixture
async def caller(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = build_app([], [], lifespan=nothing_opens, console=folder)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://sluice.test"
    ) as client:
        yield client


async def test_the_root_leads_to_the_console(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/console")


async def test_every_place_within_the_console_is_its_page(caller: httpx2.AsyncClient) -> None:
    for path in ("", "/", "/index.html", "/runs", "/runs/run_01/items/a%2Fb", "/x.y"):
        answer = await caller.get(f"/console{path}")
        assert (answer.status_code, answer.text) == (200, INDEX), path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"


async def test_the_page_is_asked_for_again_and_not_sent_again(caller: httpx2.AsyncClient) -> None:
    etag = (await caller.get("/console")).headers["etag"]
    answer = await caller.get("/console", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_a_page_that_was_made_anew_is_sent(caller: httpx2.AsyncClient, folder: Path) -> None:
    etag = (await caller.get("/console")).headers["etag"]
    (folder / "index.html").write_text("another page", "utf-8")
    answer = await caller.get("/console", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.text) == (200, "another page")


async def test_assets_are_kept_for_good(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get(ASSET)
    assert (answer.status_code, answer.text) == (200, SCRIPT)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")
    # Of another version; and never the page in its place, for a year.
    gone = await caller.get("/console/assets/index-000000.js")
    assert (gone.status_code, "immutable" in str(gone.headers)) == (404, False)


async def test_texts_are_zipped_for_who_can_read_them(caller: httpx2.AsyncClient) -> None:
    async def size(path: str, accepts: str) -> tuple[str | None, int]:
        async with caller.stream("GET", path, headers={"Accept-Encoding": accepts}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        return answer.headers.get("content-encoding"), len(raw)

    assert await size(ASSET, "gzip, br") == ("gzip", len(gzip.compress(SCRIPT.encode(), mtime=0)))
    assert await size(ASSET, "identity") == (None, len(SCRIPT))
    assert await size("/console/favicon.png", "gzip") == (None, 504)


async def test_no_script_but_our_own_runs_on_the_page(caller: httpx2.AsyncClient) -> None:
    for path in ("/console", "/console/runs", ASSET, "/console/assets/gone.js"):
        headers = (await caller.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "assets/../../secret.txt",
        "assets/%2e%2e/%2e%2e/secret.txt",
        "assets/out.txt",
        "..%5csecret.txt",
        "%2fetc/passwd",
        "//etc/passwd",
        ".hidden",
        "index.html%00.js",
        "x" * 5000,
        "assets",
    ],
)
async def test_nothing_else_is_served(caller: httpx2.AsyncClient, path: str) -> None:
    answer = await caller.get(f"/console/{path}")
    assert answer.status_code in (200, 401, 404)
    if answer.status_code == 200:
        assert answer.text == INDEX
    assert "not for anybody" not in answer.text


async def test_nothing_is_changed_there(caller: httpx2.AsyncClient) -> None:
    for path in ("/", "/console", ASSET):
        for method in ("POST", "PUT", "DELETE"):
            assert_problem(await caller.request(method, path), 405)
    assert (await caller.head("/console")).status_code == 200


async def test_a_console_that_was_not_made_says_how(tmp_path: Path) -> None:
    app = build_app([], [], lifespan=nothing_opens, console=tmp_path / "none")
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://sluice.test"
    ) as caller:
        answer = await caller.get("/console")
        assert answer.status_code == 404
        assert "make console" in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
