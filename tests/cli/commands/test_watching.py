"""Following a run from the command line, through pauses and absences of the service."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import AbstractContextManager
from types import TracebackType

import httpx2
import pytest
from rich.console import Console

from app.cli.api_client import ApiClient, CallRefused
from app.cli.commands.watch import follow, watch_run
from app.cli.options import Following
from app.cli.server.uvicorn import bind, listening, url_of
from app.cli.stream_reader import PATIENCE as OF_THE_READER
from app.errors import Unavailable
from app.schemas.runs import RunView
from app.workflows.family import Context
from tests.api.admission.few_places import bounded, places
from tests.support.families import Recording
from tests.support.http import OPS, RefusingTheFirst, app_of, bearer
from tests.support.http import listening as reached
from tests.support.patience import PATIENCE
from tests.support.service import Opener


class Noted(AbstractContextManager["Noted"]):
    """A display that remembers."""

    def __init__(self) -> None:
        self.statuses: list[str] = []
        self.said: list[str] = []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def show(self, run: RunView) -> None:
        if self.statuses[-1:] != [run.status]:
            self.statuses.append(run.status)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    async def shows(self, status: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.statuses[-1:] != [status]:
                await asyncio.sleep(0.02)

    async def hears(self, words: str) -> str:
        async with asyncio.timeout(PATIENCE):
            while not (found := [sentence for sentence in self.said if words in sentence]):
                await asyncio.sleep(0.02)
        return found[0]


def _watching(
    http: httpx2.AsyncClient,
    run_id: str,
    shown: Noted,
    *,
    through_pauses: bool = False,
    patience: float = OF_THE_READER,
) -> asyncio.Task[RunView]:
    """In a thread: the service that it watches is in this one."""

    def watched() -> RunView:
        with httpx2.Client(base_url=http.base_url, headers=http.headers) as ours:
            return watch_run(
                ApiClient(ours, "here"),
                run_id,
                shown,
                through_pauses=through_pauses,
                patience=patience,
            )

    return asyncio.create_task(asyncio.to_thread(watched))


async def test_a_run_is_followed_to_its_end(opener: Opener) -> None:
    async with opener(Recording()) as sluice, reached(sluice) as http:
        await sluice.add_users(12)
        run_id, shown = await sluice.start(), Noted()
        watching = _watching(http, run_id, shown)
        await shown.shows("pending")
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            run = await watching
        assert (run.status, run.ended, run.counters.succeeded) == ("succeeded", 12, 12)
        assert (shown.statuses[0], shown.statuses[-1]) == ("pending", "succeeded")
        assert shown.said == []


async def test_a_pause_is_told_with_its_reason_and_the_way_on_and_is_waited_out(
    opener: Opener,
) -> None:
    resumed = asyncio.Event()
    seen_to_run = asyncio.Event()

    async def work(_item_id: str, ctx: Context) -> None:
        ctx.spend(tokens=10)
        # What is told is how the run stands at each look: it must not be over before the next.
        if resumed.is_set():
            await seen_to_run.wait()

    async with opener(Recording(work=work), look_ahead=1) as sluice, reached(sluice) as http:
        await sluice.add_users(120)
        path = "/api/workflows/recording/process-users"
        run_id = (await http.post(path, json={"budget": {"tokens": 30}})).json()["runId"]
        shown = Noted()
        async with sluice.worker():
            watching = _watching(http, run_id, shown, through_pauses=True)
            paused = await shown.hears("paused (budget): ")
            assert "of 30 tokens" in paused
            way_on = await shown.hears("Go on with:")
            assert way_on.endswith(f" resume {run_id} --budget-tokens N")
            assert not watching.done()
            body = {"budget": {"tokens": 10_000}}
            resumed.set()
            await http.post(f"/api/runs/{run_id}/resume", json=body)
            await shown.shows("running")
            seen_to_run.set()
            async with asyncio.timeout(PATIENCE):
                run = await watching
        assert (run.status, run.actual.tokens) == ("succeeded", 1_200)
        assert len([sentence for sentence in shown.said if "Go on with" in sentence]) == 1
        assert "resumed by ops" in shown.said[-1]
        assert shown.statuses[-3:] == ["paused", "running", "succeeded"]


async def test_a_run_that_stands_still_for_a_paused_flow_key_says_so_once_until_it_goes_on(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, reached(sluice) as http:
        await sluice.add_users(3)
        key = "/api/flow-control/recording.execute"
        (await http.post(f"{key}/pause")).raise_for_status()
        run_id, shown = await sluice.start(), Noted()
        async with sluice.worker():
            watching = _watching(http, run_id, shown)
            way_on = await shown.hears("Let recording.execute go on with: ")
            assert way_on.endswith(" flow resume recording.execute")
            await shown.shows("running")
            run = (await http.get(f"/api/runs/{run_id}")).json()["run"]
            assert (run["status"], run["pausedKeys"]) == ("running", ["recording.execute"])
            (await http.post(f"{key}/resume")).raise_for_status()
            async with asyncio.timeout(PATIENCE):
                ended = await watching
        assert (ended.status, ended.ended, ended.paused_keys) == ("succeeded", 3, [])
        assert shown.said == [way_on]


async def test_a_run_that_waits_for_an_approval_says_so_and_what_to_type(opener: Opener) -> None:
    async with opener(Recording()) as sluice, reached(sluice) as http:
        ids = await sluice.add_users(12)
        path = "/api/workflows/recording/process-users"
        run_id = (await http.post(path, json={"approval": True})).json()["runId"]
        shown = Noted()
        async with sluice.worker():
            watching = _watching(http, run_id, shown, through_pauses=True)
            way_on = await shown.hears("Approve it with:")
            assert way_on.endswith(f" approve {run_id}")
            [told, example, waits, _] = shown.said
            assert "paused (approval): The run would process 12 of 12 users" in told
            assert example == f"For example: {', '.join(ids[:3])}"
            assert waits == "It waits for an approval, and nothing of it has begun."
            await http.post(f"/api/runs/{run_id}/approve")
            async with asyncio.timeout(PATIENCE):
                assert (await watching).status == "succeeded"
        assert "resumed by ops" in shown.said[-1]


async def test_a_pause_of_long_ago_is_told_without_a_way_on(opener: Opener) -> None:
    async with opener(Recording()) as sluice, reached(sluice) as http:
        run_id, shown = await sluice.start(), Noted()
        for action in ("pause", "resume"):
            await http.post(f"/api/runs/{run_id}/{action}")
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            await _watching(http, run_id, shown)
        assert [sentence.split()[1] for sentence in shown.said] == ["paused", "resumed"]


async def test_a_service_that_goes_away_is_waited_for_and_nothing_is_told_twice(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        run_id, shown = await sluice.start(), Noted()
        control = sluice.service.api.control
        first = bind("127.0.0.1", 0)
        port = first.getsockname()[1]
        url = url_of(first)
        async with httpx2.AsyncClient(base_url=url, headers=bearer(OPS), timeout=PATIENCE) as http:
            async with listening(app_of(sluice), first, stop_timeout=5):
                watching = _watching(http, run_id, shown, through_pauses=True)
                await control.pause(run_id, by="ops")
                await shown.hears("paused")
            await shown.hears("does not answer")
            await control.resume(run_id, by="ops")
            with bind("127.0.0.1", port) as second:
                async with listening(app_of(sluice), second, stop_timeout=5):
                    await shown.hears("answers again")
                    async with sluice.worker(), asyncio.timeout(PATIENCE):
                        assert (await watching).status == "succeeded"
        kinds = [sentence.split()[1] for sentence in shown.said if sentence[2] == ":"]
        assert kinds == ["paused", "resumed"]


async def test_a_service_that_stays_away_is_given_up(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        run_id, shown = await sluice.start(), Noted()
        bound = bind("127.0.0.1", 0)
        async with httpx2.AsyncClient(
            base_url=url_of(bound), headers=bearer(OPS), timeout=PATIENCE
        ) as http:
            async with listening(app_of(sluice), bound, stop_timeout=5):
                watching = _watching(http, run_id, shown, patience=0.5)
                async with asyncio.timeout(PATIENCE):
                    while not sluice.service.changes._listeners:
                        await asyncio.sleep(0.02)
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(Unavailable, match="here"):
                    await watching
        assert shown.said == ["The service does not answer; trying again for 0.5 s …"]


async def test_whoever_finds_too_many_watching_waits_for_a_place(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        run_id, first, second = await sluice.start(), Noted(), Noted()
        async with (
            bounded(sluice, streams=places(1)) as url,
            httpx2.AsyncClient(base_url=url, headers=bearer(OPS), timeout=PATIENCE) as http,
        ):
            watching = [_watching(http, run_id, first)]
            await first.shows("pending")
            async with asyncio.timeout(PATIENCE):
                while not sluice.service.changes._listeners:
                    await asyncio.sleep(0.02)
            watching.append(_watching(http, run_id, second))
            told = await second.hears("Trying again for")
            assert told.startswith("The token ops has 1 of them under way")
            async with sluice.worker(), asyncio.timeout(PATIENCE):
                assert [run.status for run in await asyncio.gather(*watching)] == ["succeeded"] * 2


async def test_the_first_look_waits_for_a_place_too_and_json_is_all_that_is_printed(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, reached(sluice) as http:
        await sluice.add_users(3)
        run_id, printed, refusing = await sluice.start(), io.StringIO(), RefusingTheFirst()

        def watched() -> int:
            console = Console(file=printed, soft_wrap=True)
            with httpx2.Client(
                base_url=http.base_url, headers=http.headers, transport=refusing
            ) as ours:
                how = Following.TO_A_PAUSE
                return follow(ApiClient(ours, "here"), console, run_id, how, as_json=True)

        async with sluice.worker(), asyncio.timeout(PATIENCE):
            assert await asyncio.to_thread(watched) == 0
        assert refusing.refused == [f"/api/runs/{run_id}", f"/api/runs/{run_id}/events"]
        assert json.loads(printed.getvalue())["run"]["status"] == "succeeded"


async def test_an_unknown_run_is_refused(opener: Opener) -> None:
    async with opener(Recording()) as sluice, reached(sluice) as http:
        with pytest.raises(CallRefused, match="There is no run run_unknown"):
            await _watching(http, "run_unknown", Noted())
