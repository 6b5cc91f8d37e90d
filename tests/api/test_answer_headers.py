"""Headers of every answer, and what of an answer link gets into an error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from structlog.testing import capture_logs

from app.workflows.steps.answer_links import LONGEST
from tests.support.families import Recording
from tests.support.http import api
from tests.support.service import Opener, Sluice


@asynccontextmanager
async def broken(opener: Opener) -> AsyncIterator[tuple[Sluice, httpx2.AsyncClient, str]]:
    """A service whose answer pages end in a 500, and the path of one of them."""
    async with opener(Recording()) as sluice, api(sluice, None) as stranger:
        url = sluice.service.api.links.issue("run_1", "u00001", ["step"], LONGEST)
        await sluice.sql("ALTER TABLE sluice.run RENAME TO gone")
        yield sluice, stranger, "/answer/" + url.rpartition("/")[2]


@pytest.mark.parametrize("root_path", ["", "/sluice"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_answer_link_is_in_no_log_and_no_error_document(
    opener: Opener, method: str, root_path: str
) -> None:
    changed = Opener(opener.settings.model_copy(update={"root_path": root_path}), opener.urls)
    async with broken(changed) as (_, stranger, path):
        with capture_logs() as logged:
            answer = await stranger.request(method, root_path + path)
    assert answer.status_code == 500
    (entry,) = logged
    assert (entry["event"], entry["path"]) == ("request_failed", f"{root_path}/answer/{{token}}")
    assert path[8:40] not in answer.text
    assert answer.json()["instance"] == entry["path"]


async def test_an_error_page_of_an_answer_link_is_kept_and_passed_on_by_nobody(
    opener: Opener,
) -> None:
    async with broken(opener) as (_, stranger, path):
        asked = [
            await stranger.get(path),
            await stranger.delete(path),
            await stranger.get(f"{path}/more"),
            await stranger.get("/answer/none"),
        ]
    assert [answer.status_code for answer in asked] == [500, 405, 404, 404]
    for answer in asked:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_every_answer_of_the_api_says_no_store_and_nosniff(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller, api(sluice, None) as stranger:
        answers = [
            await caller.get("/api/runs"),
            await caller.get("/api/families"),
            await caller.get("/api/runs/none"),
            await caller.get("/api/nowhere"),
            await caller.post("/api/workflows/recording/process-users", content=b"{"),
            await caller.post("/api/workflows/recording/process-users", json={"dryRun": True}),
            await stranger.get("/api/runs"),
            await stranger.get("/healthz"),
            await stranger.get("/readyz"),
            await caller.get("/openapi.json"),
            await stranger.post("/api/session", json={"token": "none"}),
        ]
        await sluice.sql("ALTER TABLE sluice.run RENAME TO gone")
        answers.append(await caller.get("/api/runs"))
    assert {answer.status_code for answer in answers} >= {200, 401, 404, 422, 500}
    for answer in answers:
        assert answer.headers.get_list("Cache-Control") == ["no-store"], answer.url
        assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"], answer.url


async def test_files_of_the_console_are_kept_as_before(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice, None) as stranger:
        page = await stranger.get("/console/")
    assert page.headers.get_list("Cache-Control") == ["no-cache"]
