"""Files that families kept: shown, handed over, and never one that is not theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.services.file_store import FileStore
from tests.support.families import Beside
from tests.support.http import api, assert_problem
from tests.support.service import Opener

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1_000


@pytest.fixture
async def caller(opener: Opener, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    folder = tmp_path / "files"
    store = FileStore(folder)
    await store.save("scene-images/scn_1/1.png", PNG)
    await store.save("a/page.html", b"<script>alert(1)</script>")
    await store.save("a/drawing.svg", b"<svg onload='alert(1)'/>")
    await store.save("a/what.ever", b"something")
    (folder / ".secret").write_text("hidden", "utf-8")
    (folder / "a" / ".1.part").write_text("being written", "utf-8")
    (tmp_path / "outside.txt").write_text("not for anybody", "utf-8")
    (folder / "a" / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "out").symlink_to(tmp_path)
    async with opener(Beside()) as sluice, api(sluice) as client:
        yield client


async def test_an_image_is_shown(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get("/api/files/scene-images/scn_1/1.png")
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")
    etag = answer.headers["etag"]
    part = await caller.get(
        "/api/files/scene-images/scn_1/1.png", headers={"Range": "bytes=0-7", "If-Range": etag}
    )
    assert (part.status_code, part.content) == (206, PNG[:8])


async def test_everything_else_is_only_handed_over(caller: httpx2.AsyncClient) -> None:
    for name in ("a/page.html", "a/drawing.svg", "a/what.ever"):
        answer = await caller.get(f"/api/files/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment")


async def test_no_file_can_do_anything_as_a_page(caller: httpx2.AsyncClient) -> None:
    for name in ("a/page.html", "a/drawing.svg", "scene-images/scn_1/1.png"):
        headers = (await caller.get(f"/api/files/{name}")).headers
        assert "sandbox" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "none.png",
        "a",
        "a/",
        "",
        ".secret",
        "a/.1.part",
        "a/link.txt",
        "out/outside.txt",
        "..%2foutside.txt",
        "%2e%2e/outside.txt",
        "a/%2e%2e/%2e%2e/outside.txt",
        "a/..%2f..%2foutside.txt",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "..%5coutside.txt",
        "a%0a.png",
        "x" * 400,
    ],
)
async def test_no_other_file_is_served(caller: httpx2.AsyncClient, path: str) -> None:
    answer = await caller.get(f"/api/files/{path}")
    assert (answer.status_code, answer.json()["success"]) == (404, False)


async def test_a_name_with_a_nul_or_too_long_is_refused(caller: httpx2.AsyncClient) -> None:
    for path in ("a%00.png", "x/" * 600):
        assert_problem(await caller.get(f"/api/files/{path}"), 422)
