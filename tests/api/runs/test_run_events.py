"""A run's events as a list, page by page."""

from __future__ import annotations

import pytest

from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields
from tests.support.service import Opener

PROCESS = "/api/workflows/recording/process-users"


async def test_the_events_tell_what_happened_and_who_did_it(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        async with sluice.worker():
            await sluice.ended(run_id)
        answer = (await caller.get(f"/api/runs/{run_id}/events")).json()
        assert (answer["success"], answer["nextCursor"]) == (True, None)
        created, begun, ended = answer["events"]
        assert set(created) == {"id", "at", "kind", "who", "reason", "detail", "data", "note"}
        assert (created["kind"], created["who"]) == ("created", "ops")
        assert begun["data"] == {"toProcess": 3, "exact": True}
        assert (ended["kind"], ended["who"], ended["reason"]) == ("ended", "sluice", "succeeded")
        assert created["id"] < begun["id"] < ended["id"]


async def test_events_come_page_by_page_the_oldest_first(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        for action in ("pause", "resume", "pause", "resume"):
            await caller.post(f"/api/runs/{run_id}/{action}")
        found: list[dict[str, object]] = []
        query = {"limit": "2"}
        while True:
            page = await caller.get(f"/api/runs/{run_id}/events", params=query)
            found += page.json()["events"]
            if page.json()["nextCursor"] is None:
                break
            query["cursor"] = page.json()["nextCursor"]
        kinds = [event["kind"] for event in found]
        assert kinds == ["created", "paused", "resumed", "paused", "resumed"]


async def test_a_query_that_cannot_be_used_is_refused_by_its_name(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        one, other = await sluice.start(), "run_other"
        await caller.post(f"/api/runs/{one}/pause")
        path = f"/api/runs/{one}/events"
        cursor = (await caller.get(path, params={"limit": 1})).json()["nextCursor"]
        bad = [
            (path, {"limit": "0"}, 422),
            (path, {"limit": "201"}, 422),
            (path, {"cursor": "garbage"}, 422),
            (f"/api/runs/{other}/events", {"cursor": cursor}, 422),
        ]
        for where, query, status in bad:
            with subtests.test(query=query):
                document = assert_problem(await caller.get(where, params=query), status)
                assert fields(document) == [next(iter(query))]


BAD_IDS = ["", "x", "-1", "1.5", "٣", "9" * 19, "9" * 400, "1 2"]


async def test_a_stream_goes_on_only_behind_the_id_of_an_event(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        for last in BAD_IDS:
            with subtests.test(last=last[:30]):
                headers = {b"Accept": b"text/event-stream", b"Last-Event-ID": last.encode()}
                answer = await caller.get(f"/api/runs/{run_id}/events", headers=headers)
                assert fields(assert_problem(answer, 422)) == ["Last-Event-ID"]


async def test_the_stream_of_an_unknown_run_is_a_problem_document(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for more in ({}, {"Last-Event-ID": "1"}):
            answer = await caller.get(
                "/api/runs/run_unknown/events", headers={"Accept": "text/event-stream", **more}
            )
            assert fields(assert_problem(answer, 404)) == ["runId"]
