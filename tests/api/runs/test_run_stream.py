"""A run followed over a real socket, while it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import asyncpg
import httpx2

from app.cli.server.uvicorn import bind, url_of
from app.cli.server.uvicorn import listening as serving
from app.migrate import with_database
from app.workflows.family import Context
from tests.support.clocks.rates import assert_rate_kept
from tests.support.families import Recording
from tests.support.http import OPS, app_of, bearer, listening
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

PROCESS = "/api/workflows/recording/process-users"


class Stream:
    """Messages of a stream as they come; ``id`` is what a client would send as Last-Event-ID."""

    def __init__(self, source: httpx2.EventSource) -> None:
        self._messages = aiter(source)
        self.response = source.response

    async def next(self) -> httpx2.ServerSentEvent:
        async with asyncio.timeout(PATIENCE):
            return await anext(self._messages)

    async def until(self, kind: str) -> httpx2.ServerSentEvent:
        while (message := await self.next()).event != kind:
            pass
        return message

    async def rest(self) -> list[httpx2.ServerSentEvent]:
        """To its end, which must come by itself."""
        async with asyncio.timeout(PATIENCE):
            return [message async for message in self._messages]


@asynccontextmanager
async def following(
    caller: httpx2.AsyncClient, run_id: str, last: str | None = None
) -> AsyncIterator[Stream]:
    headers = {} if last is None else {"Last-Event-ID": last}
    async with caller.sse(f"/api/runs/{run_id}/events", headers=headers) as source:
        yield Stream(source)


def _data(message: httpx2.ServerSentEvent) -> dict[str, Any]:  # a JSON object
    found: dict[str, Any] = json.loads(message.data)
    return found


async def _listeners(sluice: Sluice, number: int) -> None:
    """Wait until so many follow a run."""
    async with asyncio.timeout(PATIENCE):
        while len(sluice.service.changes._listeners) != number:
            await asyncio.sleep(0.01)


async def test_a_stream_tells_every_event_and_the_counters_and_ends_with_the_run(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        await sluice.add_users(30)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        async with following(caller, run_id) as stream, sluice.worker():
            messages = await stream.rest()
            assert stream.response.headers["content-type"].startswith("text/event-stream")
            assert stream.response.headers["cache-control"] == "no-store"
        listed = (await caller.get(f"/api/runs/{run_id}/events")).json()["events"]
        events = [message for message in messages if message.event != "progress"]
        assert [_data(message) for message in events] == listed
        assert [(m.event, m.id) for m in events] == [(e["kind"], str(e["id"])) for e in listed]
        before_the_end, end = messages[-2:]
        assert (before_the_end.event, end.event) == ("progress", "ended")
        progress = _data(before_the_end)
        assert (progress["status"], progress["ended"]) == ("succeeded", 30)
        run = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
        assert progress == {name: run[name] for name in progress}


async def test_progress_carries_no_id_comes_four_times_a_second_at_most_and_only_when_it_differs(
    opener: Opener,
) -> None:
    async def work(_item_id: str, _ctx: Context) -> None:
        await asyncio.sleep(0.02)

    clock = asyncio.get_running_loop().time
    slow = opener(Recording(work=work), worker_concurrency=4)
    async with slow as sluice, listening(sluice) as caller:
        await sluice.add_users(150)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        seen: list[tuple[float, dict[str, Any]]] = []
        since = clock()
        async with following(caller, run_id) as stream, sluice.worker():
            last = ""
            while (message := await stream.next()).event != "ended":
                if message.event == "progress":
                    assert message.id == last
                    seen.append((clock(), _data(message)))
                last = message.id
    assert len(seen) > 3
    # But for the last, which the end brings with it.
    assert_rate_kept((at for at, _ in seen[:-1]), since, 0.25)
    for _, one in seen:
        one["actual"].pop("seconds")
    assert all(one != other for (_, one), (_, other) in pairwise(seen))


async def test_a_stream_goes_on_behind_the_last_event_without_gap_or_repeat(opener: Opener) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        run_id = await sluice.start()
        await caller.post(f"/api/runs/{run_id}/pause")
        async with following(caller, run_id) as stream:
            last = (await stream.until("paused")).id
        await caller.post(f"/api/runs/{run_id}/resume")
        async with following(caller, run_id, last) as stream, sluice.worker():
            messages = await stream.rest()
        kinds = [message.event for message in messages if message.event != "progress"]
        assert kinds == ["resumed", "ended"]


async def test_behind_the_end_there_is_nothing_and_a_browser_need_not_come_again(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        run_id = await sluice.start()
        async with following(caller, run_id) as stream, sluice.worker():
            last = (await stream.until("ended")).id
        headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
        answer = await caller.get(f"/api/runs/{run_id}/events", headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
        async with following(caller, run_id) as stream:
            again = [message.event for message in await stream.rest()]
        assert again == ["created", "progress", "ended"]


async def test_more_events_than_are_read_at_a_time_come_in_order(opener: Opener) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        run_id = await sluice.start()
        await sluice.sql(
            "INSERT INTO sluice.run_event (run_id, kind, who, detail)"
            " SELECT :run, 'repaired', 'test', CAST(n AS text) FROM generate_series(1, 300) n",
            run=run_id,
        )
        async with following(caller, run_id) as stream, sluice.worker():
            messages = await stream.rest()
        repaired = [_data(m)["detail"] for m in messages if m.event == "repaired"]
        assert repaired == [str(n) for n in range(1, 301)]


async def test_who_goes_away_leaves_nothing_behind(opener: Opener) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        run_id = await sluice.start()
        async with following(caller, run_id) as one:
            await one.until("created")
            async with following(caller, run_id) as other:
                await other.until("created")
                await _listeners(sluice, 2)
            await _listeners(sluice, 1)
        await _listeners(sluice, 0)


async def test_a_server_that_stops_ends_its_streams_and_waits_for_none(opener: Opener) -> None:
    clock = asyncio.get_running_loop().time
    async with opener(Recording()) as sluice:
        run_id = await sluice.start()
        with bind("127.0.0.1", 0) as bound:
            url = url_of(bound)
            async with httpx2.AsyncClient(
                base_url=url, headers=bearer(OPS), timeout=PATIENCE
            ) as caller:
                async with serving(app_of(sluice), bound, stop_timeout=60):
                    source = caller.sse(f"/api/runs/{run_id}/events")
                    stream = Stream(await source.__aenter__())
                    await stream.until("created")
                    stopped = clock()
                assert clock() - stopped < 30  # half of what it would give a call
                assert [m.event for m in await stream.rest()] in ([], ["progress"])
                await source.__aexit__(None, None, None)
        await _listeners(sluice, 0)


@asynccontextmanager
async def shut(dsn: str) -> AsyncIterator[None]:
    """The database lets nobody in, and all who were are thrown out."""
    name = dsn.partition("?")[0].rpartition("/")[2]
    admin = await asyncpg.connect(with_database(dsn, "postgres"))
    try:
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        yield
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await admin.close()


async def test_a_stream_ends_when_the_database_goes_away_and_can_be_taken_up_again(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        run_id = await sluice.start()
        async with following(caller, run_id) as stream:
            last = (await stream.until("created")).id
            async with shut(opener.urls.database):
                await stream.rest()
        async with asyncio.timeout(PATIENCE):
            while (await caller.post(f"/api/runs/{run_id}/pause")).status_code != 200:
                await asyncio.sleep(0.1)
        async with following(caller, run_id, last) as stream:
            await stream.until("paused")
