"""The family ``review-post``: what a person is asked, what is published, and what is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from app.store.statuses import ItemStatus, RunStatus
from app.workflows.families.review_post import ReviewPosts
from tests.support.http import api
from tests.support.network.llm_server import Server, response
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.stepped import items_at, remembered

POST = "p00001"
CREATED = response(201, b'{"url": "/posts/7"}')
BUSY = response(503, b"", "Retry-After: 1")


@pytest.fixture
async def blog(no_proxy: None) -> AsyncIterator[Server]:
    """Where posts are published: over a socket, by a script of answers."""
    server = Server()
    server.answers = [CREATED]
    await server.start()
    yield server
    await server.stop()


@dataclass(frozen=True)
class Case:
    sluice: Sluice
    caller: httpx2.AsyncClient
    stranger: httpx2.AsyncClient
    """Without a token."""
    asked: dict[str, Any] = field(default_factory=dict)  # JSON

    async def suspended(self) -> str:
        """The id of a run whose items wait for a decision."""
        run_id = await self.sluice.start()
        async with self.sluice.worker():
            await items_at(self.sluice, run_id, ItemStatus.SUSPENDED)
        answer = await self.caller.get(f"/api/runs/{run_id}/suspended")
        self.asked.update(answer.json()["suspended"][0]["payload"])
        return run_id

    async def decide(self, run_id: str, **decision: object) -> None:
        path = f"/api/runs/{run_id}/items/{POST}/resume"
        answer = await self.caller.post(path, json={"data": decision})
        assert answer.status_code == 200, answer.text

    async def post(self, post_id: str = POST) -> Any:  # a row
        [row] = await self.sluice.sql("SELECT * FROM post WHERE id = :id", id=post_id)
        return row


@asynccontextmanager
async def case(
    opener: Opener, family: ReviewPosts | None = None, *, posts: int = 1, **settings: object
) -> AsyncIterator[Case]:
    async with (
        opener(family or ReviewPosts(), **settings) as sluice,
        api(sluice) as caller,
        api(sluice, secret=None) as stranger,
    ):
        await sluice.sql(
            "INSERT INTO post (id, topic, audience)"
            " SELECT 'p' || lpad(n::text, 5, '0'), 'Topic ' || n, 'gardeners'"
            " FROM generate_series(1, :posts) AS n",
            posts=posts,
        )
        yield Case(sluice, caller, stranger)


async def test_an_approved_draft_is_published_once_although_the_first_try_is_refused(
    opener: Opener, blog: Server
) -> None:
    blog.answers = [BUSY, CREATED]
    async with case(opener, posts_url=blog.url) as of:
        run_id = await of.suspended()
        assert blog.requests == []
        assert (of.asked["topic"], of.asked["audience"]) == ("Topic 1", "gardeners")
        assert "Topic 1" in of.asked["draft"]
        await of.decide(run_id, approved=True, note="fine")
        async with of.sluice.worker():
            run = await of.sluice.ended(run_id)
        row = await of.post()
        [item] = await of.sluice.items(run_id)
        steps = [(s.name, s.attempts) for s in await remembered(of.sluice, run_id, POST)]
    assert run.status == "succeeded"
    assert steps == [("draft", 1), ("approve", 0), ("publish", 2), ("published-at", 1)]
    keys = {headers["idempotency-key"] for _, headers, _ in blog.requests}
    assert (len(blog.requests), len(keys)) == (2, 1)
    assert all(keys)
    for _, _, body in blog.requests:
        assert json.loads(body) == {
            "topic": "Topic 1", "audience": "gardeners", "text": of.asked["draft"],
        }  # fmt: skip
    assert (row.draft, row.approved, row.reviewer_note) == (of.asked["draft"], True, "fine")
    assert row.published_url == f"http://127.0.0.1:{blog.port}/posts/7"
    assert item.result["published_at"] == row.published_at.isoformat().replace("+00:00", "Z")


async def test_by_the_signed_link_a_reviewer_without_a_token_edits_and_approves(
    opener: Opener, blog: Server
) -> None:
    blog.answers = [response(200, b"thanks", "Location: https://example.com/9")]
    async with case(opener, posts_url=blog.url) as of:
        run_id = await of.suspended()
        link = await of.caller.post(f"/api/runs/{run_id}/items/{POST}/link", json={})
        path = urlsplit(link.json()["url"]).path
        page = (await of.stranger.get(path)).text
        assert "Topic 1" in page
        assert all(f'name="{name}"' in page for name in ("approved", "text", "note"))
        form = {"approved": "true", "text": "Better.\r\n\r\nAnd \x07shorter.\r\n", "note": ""}
        assert (await of.stranger.post(path, data=form)).status_code == 200
        async with of.sluice.worker():
            await of.sluice.ended(run_id)
        row = await of.post()
    assert json.loads(blog.requests[0][2])["text"] == "Better.\n\nAnd shorter."
    assert (row.draft, row.approved) == ("Better.\n\nAnd shorter.", True)
    assert row.published_url == "https://example.com/9"


async def test_a_refusal_is_kept_with_its_note_and_nothing_is_published(
    opener: Opener, blog: Server
) -> None:
    async with case(opener, posts_url=blog.url) as of:
        run_id = await of.suspended()
        await of.decide(run_id, approved=False, note="not now")
        async with of.sluice.worker():
            run = await of.sluice.ended(run_id)
            again = await of.sluice.ended(await of.sluice.start())
            named = await of.sluice.ended(await of.sluice.start(item_ids=[POST]))
        row = await of.post()
    assert (run.status, run.succeeded) == ("succeeded", 1)
    assert (again.to_process, named.to_process, named.already_processed) == (0, 0, 1)
    assert (row.draft, row.approved, row.reviewer_note) == (of.asked["draft"], False, "not now")
    assert (row.published_url, row.published_at, blog.requests) == (None, None, [])


class Hasty(ReviewPosts):
    patience = timedelta(seconds=0.3)


async def test_a_post_that_nobody_reads_in_time_is_skipped_and_there_for_the_next_run(
    opener: Opener, blog: Server
) -> None:
    async with case(opener, Hasty(), posts_url=blog.url) as of:
        async with of.sluice.worker():
            run = await of.sluice.ended(await of.sluice.start())
        [item] = await of.sluice.items(run.id)
        assert (item.status, item.error_message) == ("skipped", "nobody has decided in time")
        assert (await of.post()).approved is None
        assert (await of.sluice.dry_run()).survey.statistics.to_process == 1


async def test_without_an_address_the_run_pauses_before_anybody_is_asked(opener: Opener) -> None:
    async with case(opener, posts=3) as of:
        run_id = await of.sluice.start()
        async with of.sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while (run := await of.sluice.run(run_id)).status != RunStatus.PAUSED:
                    await asyncio.sleep(0.02)
        assert "POSTS_URL is not set" in (run.detail or "")
        assert await of.sluice.sql("SELECT 1 FROM sluice.step") == []


async def test_a_preview_shows_what_the_reviewer_would_see_without_an_address_too(
    opener: Opener,
) -> None:
    async with case(opener) as of:
        body = {"postId": POST, "dryRun": True}
        answer = await of.caller.post("/api/workflows/review-post/review-post", json=body)
        assert answer.status_code == 200, answer.text
    stop = answer.json()["stop"]
    assert (stop["step"], sorted(stop["payload"])) == ("approve", ["audience", "draft", "topic"])


async def test_an_answer_that_is_no_success_fails_the_item_at_once_and_says_which(
    opener: Opener, blog: Server
) -> None:
    blog.answers = [response(422, b"no")]
    async with case(opener, posts_url=blog.url) as of:
        run_id = await of.suspended()
        await of.decide(run_id, approved=True)
        async with of.sluice.worker():
            await of.sluice.ended(run_id)
        [item] = await of.sluice.items(run_id)
        assert (item.status, item.error_class, item.attempts) == ("failed", "Fatal", 1)
        assert "POSTS_URL answered 422" in (item.error_message or "")
        assert (await of.post()).approved is None
    assert len(blog.requests) == 1
