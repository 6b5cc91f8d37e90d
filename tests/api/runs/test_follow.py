"""When a follower looks, and what it says when there is nothing to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

import pytest
from fastapi.sse import ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import Message

from app.api.runs.event_stream import Follower
from app.api.runs.events import EventStream
from app.errors import Unavailable
from app.store.run_notifications import Hear, RunNotifications
from app.store.runs import events
from app.store.tables.runs import RunEvent
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

NEVER = 3_600.0


class Deaf(RunNotifications):
    """Nobody is told anything."""

    @contextmanager
    def heard_by(self, listener: Hear) -> Iterator[None]:
        yield


def _follower(sluice: Sluice, **times: float) -> Follower:
    service = sluice.service
    return Follower(
        service.database,
        asyncio.Semaphore(1),
        service.changes,
        service.throttles,
        asyncio.Event(),
        **times,
    )


async def test_an_event_is_told_at_once_and_not_at_the_next_look(opener: Opener) -> None:
    async with opener(Recording()) as sluice, asyncio.timeout(PATIENCE):
        run_id = await sluice.start()
        follower = _follower(sluice, between=0.05, behind=NEVER)
        stream = follower.follow(run_id, 0)
        assert [(await anext(stream)).event for _ in range(2)] == ["created", "progress"]
        told = asyncio.ensure_future(anext(stream))
        # Long enough that the next look by itself is far away.
        while sluice.service.changes._task is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(2)
        assert not told.done()
        await sluice.service.api.control.pause(run_id, by="ops")
        assert (await told).event == "paused"
        await stream.aclose()


async def test_an_event_that_nobody_heard_of_is_found_by_looking(opener: Opener) -> None:
    async with opener(Recording()) as sluice, asyncio.timeout(PATIENCE):
        run_id = await sluice.start()
        service = sluice.service
        turns = asyncio.Semaphore(1)
        follower = Follower(
            service.database, turns, Deaf(""), service.throttles, asyncio.Event(), behind=0.3
        )
        stream = follower.follow(run_id, 0)
        assert (await anext(stream)).event == "created"
        await service.api.control.pause(run_id, by="ops")
        found = [await anext(stream) for _ in range(2)]
        assert "paused" in [message.event for message in found]
        await stream.aclose()


async def test_what_comes_amid_a_look_is_told_before_the_progress_that_shows_it(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opener(Recording()) as sluice, asyncio.timeout(PATIENCE):
        run_id = await sluice.start()
        stream = _follower(sluice, between=0.02, behind=0.05).follow(run_id, 0)
        assert [(await anext(stream)).event for _ in range(2)] == ["created", "progress"]
        read = events.page_of_events

        async def and_a_pause(connection: AsyncConnection, run: str, **page: int) -> list[RunEvent]:
            found = await read(connection, run, **page)
            monkeypatch.undo()
            await sluice.service.api.control.pause(run_id, by="ops")
            return found

        monkeypatch.setattr(events, "page_of_events", and_a_pause)
        assert [(await anext(stream)).event for _ in range(2)] == ["paused", "progress"]
        await stream.aclose()


async def test_a_silent_stream_shows_by_comments_that_it_lives(opener: Opener) -> None:
    async with opener(Recording()) as sluice, asyncio.timeout(PATIENCE):
        run_id = await sluice.start()
        follower = _follower(sluice, between=0.02, behind=0.05, silence=0.1)
        stream = follower.follow(run_id, 0)
        messages = [await anext(stream) for _ in range(4)]
        assert [message.event for message in messages] == ["created", "progress", None, None]
        assert all(message.comment and not message.raw_data for message in messages[2:])
        await stream.aclose()


async def test_a_stream_ends_when_its_run_is_deleted(opener: Opener) -> None:
    async with opener(Recording()) as sluice, asyncio.timeout(PATIENCE):
        run_id = await sluice.start()
        stream = _follower(sluice, between=0.02, behind=0.05).follow(run_id, 0)
        await anext(stream)
        await sluice.sql("DELETE FROM sluice.run WHERE id = :run", run=run_id)
        assert [message.event async for message in stream] == ["progress"]


async def test_who_must_let_go_lets_go_at_once(opener: Opener) -> None:
    async with opener(Recording()) as sluice, asyncio.timeout(PATIENCE):
        run_id = await sluice.start()
        follower = _follower(sluice, between=0.02, behind=NEVER)
        stream = follower.follow(run_id, 0)
        await anext(stream)
        asyncio.get_running_loop().call_later(0.2, follower.stopping.set)
        assert [message.event async for message in stream] == ["progress"]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("All 6 connections to Postgres are in use."),
        OSError("it is away"),
    ],
)
async def test_a_stream_without_a_database_ends_and_whoever_follows_comes_back(
    error: Exception,
) -> None:
    async def messages() -> AsyncGenerator[ServerSentEvent, None]:
        yield ServerSentEvent(event="created", id="7", raw_data="{}")
        raise error

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "path": "/api/runs/run_1/events"}
    await EventStream(messages())(scope, receive, send)
    assert b"id: 7" in sent[1]["body"]
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
