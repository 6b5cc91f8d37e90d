"""The demonstration of ``review-post``: drafts that wait for a person, and a blog that is busy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import JsonValue

from app.cli.api_client import ApiClient
from app.cli.demo.stage import Mismatch, Stage, find, get, items_of, post
from app.cli.examples.texts_demo import say_who_wrote
from app.cli.output.console import printable, program
from app.cli.paths import item_path, run_path
from app.cli.server.uvicorn import bind, listening, url_of
from app.schemas.items import ResumedAnswer, SuspendedAnswer, SuspendedView
from app.seed.load import load_committed
from app.workflows.families.review_post import Review

POSTS = 2
_PATIENCE = 30.0


async def show_posts(stage: Stage) -> None:
    await load_committed(stage.database)
    say = stage.console.print
    async with _blog() as blog, stage.service(posts_url=blog.url) as api:
        family = await find(api, "review-post")
        dry = await stage.dry_run(api, family, limit=POSTS)
        chosen = tuple(dry.sample[:POSTS])
        say(f"\n2. The run, {stage.how}: it drafts, and then each post waits for a person.")
        run_id = await stage.start(api, family, chosen)
        for waiting in await _suspended(api, run_id):
            _print(stage, waiting)
        yes, no = (f"{program()} answer {run_id} {item_id}" for item_id in chosen)
        say("\n   While they wait they hold no worker. The demo answers them as you would:")
        say(f"   {yes} approved=true")
        say(f"   {no} approved=false note='not now'\n")
        await _answer(api, run_id, chosen[0], {"approved": True})
        await _answer(api, run_id, chosen[1], {"approved": False, "note": "not now"})
        await stage.watched(api, run_id)
        reviews = {
            item_id: Review.model_validate(item.result)
            for item_id, item in (await items_of(api, run_id)).items()
        }
        first, second = (reviews[item_id] for item_id in chosen)
        if not first.approved or first.published_url is None or second.approved:
            raise Mismatch("the posts did not become what was answered.")
        if len(blog.keys) != 2 or len(set(blog.keys)) != 1:
            raise Mismatch(f"the blog was to be called twice, under one key: {blog.keys}.")
        say(f"\n   The first post is at {printable(first.published_url)}. The blog was busy, and")
        say(f"   was called again under the same Idempotency-Key, {printable(blog.keys[0])}.")
        say(f"   The second is not published: {printable(second.reviewer_note)}.")
        await stage.again(api, family, chosen)
    say_who_wrote(stage.console, stage.settings)


def _print(stage: Stage, waiting: SuspendedView) -> None:
    asked = waiting.payload if isinstance(waiting.payload, dict) else {}
    stage.console.print(
        f"\n   {printable(str(asked.get('topic')))}, for {printable(str(asked.get('audience')))}",
        style="bold",
    )
    for line in str(asked.get("draft")).splitlines():
        stage.console.print(f"     {printable(line)}".rstrip(), soft_wrap=True)


async def _suspended(api: ApiClient, run_id: str) -> list[SuspendedView]:
    """What the posts ask, once all of them wait."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = await get(api, SuspendedAnswer, run_path(run_id, "suspended"))
            if len(found.suspended) == POSTS:
                return found.suspended
            await asyncio.sleep(0.05)


async def _answer(api: ApiClient, run_id: str, item_id: str, data: dict[str, JsonValue]) -> None:
    await post(api, ResumedAnswer, item_path(run_id, item_id, "resume"), {"data": data})


@dataclass(slots=True)
class Blog:
    """``keys``: the Idempotency-Key of every call."""

    url: str
    keys: list[str] = field(default_factory=list)


@asynccontextmanager
async def _blog() -> AsyncIterator[Blog]:
    """A server that is busy at first, and asks to be called again after a second."""
    app = FastAPI()
    app.state.stopping = asyncio.Event()
    with bind("127.0.0.1", 0) as bound:
        blog = Blog(f"{url_of(bound)}/posts")

        @app.post("/posts")
        async def publish(request: Request) -> Response:
            blog.keys.append(request.headers.get("Idempotency-Key", ""))
            if len(blog.keys) == 1:
                return Response(status_code=503, headers={"Retry-After": "1"})
            return JSONResponse({"url": "/posts/1"}, 201)

        # No proxy leads to this machine; the service reads this when it opens.
        os.environ["NO_PROXY"] = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))
        async with listening(app, bound, stop_timeout=1):
            yield blog
