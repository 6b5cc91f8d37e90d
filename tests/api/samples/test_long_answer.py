"""An answer that takes long shows that it lives, and never passes for whole where it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from structlog.testing import capture_logs

from app.api import problems
from app.api.admission.disconnect import while_connected
from app.api.workflows.long_answer import LongAnswer
from app.errors import Conflict, Unavailable
from app.schemas.base import Answer, View
from tests.api.samples.sampled import SAMPLE
from tests.support.held import Held
from tests.support.http import assert_problem, listening, serving
from tests.support.patience import PATIENCE
from tests.support.service import Opener

OFTEN = 0.01
SSE = {"Accept": "text/event-stream"}


class Far(View):
    steps: int


class Whole(Answer):
    found: str


class Work:
    """Goes on until the test lets it end."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.let_go = asyncio.Event()
        self.known = True
        self.looked = 0
        self.ended = asyncio.Event()

    async def __call__(self) -> Answer:
        try:
            await self.let_go.wait()
        finally:
            self.ended.set()
        if self.error is not None:
            raise self.error
        return Whole(found="it")

    def progress(self) -> View | None:
        self.looked += 1
        return Far(steps=self.looked) if self.known else None

    async def until_looked(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.looked < number:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def answering(
    work: Work, *, event: str | None = None, stopping: asyncio.Event | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    async def long(request: Request) -> Response:
        return LongAnswer(
            request, work, place=partial(while_connected, request), progress=work.progress,
            stopping=stopping or asyncio.Event(), event=event, every=OFTEN,
        )  # fmt: skip

    async with (
        serving(app) as url,
        httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        yield client


async def test_line_breaks_go_before_json_that_takes_long() -> None:
    work = Work()
    async with answering(work) as client:
        asked = asyncio.create_task(client.post("/"))
        await work.until_looked(5)
        work.let_go.set()
        answer = await asked
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content.startswith(b"\n\n")
    assert answer.json() == {"success": True, "found": "it"}


async def test_before_anything_is_known_an_error_has_its_status() -> None:
    work = Work(Conflict("Not now."))
    work.known = False
    async with answering(work) as client:
        asked = asyncio.create_task(client.post("/"))
        await work.until_looked(5)
        work.let_go.set()
        assert assert_problem(await asked, 409)["detail"] == "Not now."


async def test_json_that_breaks_off_has_no_end() -> None:
    work = Work(Unavailable("Postgres is away."))
    async with answering(work) as client:
        asked = asyncio.create_task(client.post("/"))
        await work.until_looked(5)
        work.let_go.set()
        with pytest.raises(httpx2.RemoteProtocolError):
            await asked


async def test_a_caller_who_leaves_behind_the_first_sign_ends_the_work_and_is_no_fault() -> None:
    work = Work()
    with capture_logs() as logs:
        async with answering(work) as client:
            asked = asyncio.create_task(client.post("/"))
            await work.until_looked(5)
            asked.cancel()
            async with asyncio.timeout(PATIENCE):
                await work.ended.wait()
    assert {one["event"] for one in logs} <= {"caller_left"}


async def test_a_stream_tells_how_far_it_is_and_ends_with_the_answer() -> None:
    work = Work()
    async with answering(work, event="whole") as client:
        asked = asyncio.create_task(client.post("/"))
        await work.until_looked(9)
        work.let_go.set()
        events = events_of((await asked).text)
    assert {name for name, _ in events[:-1]} == {"progress"}
    steps = [told["steps"] for _, told in events[:-1]]
    assert steps == sorted(steps)
    assert events[-1] == ("whole", {"success": True, "found": "it"})


async def test_a_stream_tells_what_went_wrong_as_its_last_event() -> None:
    work = Work(Unavailable("Postgres is away."))
    async with answering(work, event="whole") as client:
        asked = asyncio.create_task(client.post("/"))
        await work.until_looked(9)
        work.let_go.set()
        name, told = events_of((await asked).text)[-1]
    assert (name, told["status"], told["detail"]) == ("problem", 503, "Postgres is away.")


async def test_a_service_that_stops_gives_the_work_up() -> None:
    work, stopping = Work(), asyncio.Event()
    work.known = False
    async with answering(work, stopping=stopping) as client:
        asked = asyncio.create_task(client.post("/"))
        await work.until_looked(2)
        stopping.set()
        assert "The service stops" in assert_problem(await asked, 503)["detail"]
    assert work.ended.is_set()


def events_of(text: str) -> list[tuple[str, dict[str, Any]]]:  # JSON
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


async def test_a_sample_can_be_followed(opener: Opener) -> None:
    family = Held()
    async with opener(family, pool_size=10) as sluice, listening(sluice) as caller:
        await sluice.add_users(3)
        events: list[httpx2.ServerSentEvent] = []
        async with caller.stream("POST", SAMPLE, json={"size": 3}, headers=SSE) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for event in httpx2.EventSource(answer):
                events.append(event)
                family.let_go.set()
    first, last = events[0], events[-1]
    assert first.event == "progress"
    told = json.loads(first.data)
    assert (told["chosen"], told["begun"], told["ended"]) == (3, 3, 0)
    assert last.event == "sample"
    assert json.loads(last.data)["outcomes"]["succeeded"] == 3


async def test_one_that_is_followed_and_cannot_be_meant_is_refused_as_ever(opener: Opener) -> None:
    async with opener(Held()) as sluice, listening(sluice) as caller:
        assert_problem(await caller.post(SAMPLE, json={"size": 0}, headers=SSE), 422)
