"""A family may say that its work cannot be done just now: whoever asks, and whatever was started
without asking, is told so in its own words."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from app.store.statuses import RunStatus
from app.tokens import parse_tokens
from app.workflows.contract.cron import Overlap
from app.workflows.contract.exceptions import NotReady
from app.workflows.family import Context, FamilyParams, Fatal, RetryAfter, Systemic
from app.workflows.sources import prerequisites
from tests.support.families import Recording
from tests.support.http import CRON, api, assert_problem, bearer, traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

BASE = "/api/workflows/recording"
PROCESS = f"{BASE}/process-users"
EXECUTE = f"{BASE}/record-user"
REBUILT = "The index of products is being rebuilt."
NOT_READY = f"recording is not ready: {REBUILT}"


class Prepared(Recording):
    """``missing``: what ``ready`` raises. ``calls``: for which runs it was called."""

    def __init__(self, missing: BaseException | None = None) -> None:
        super().__init__()
        self.missing = missing
        self.calls: list[str | None] = []

    async def ready(self, params: FamilyParams, ctx: Context) -> None:
        self.calls.append(ctx.run_id)
        if self.missing is not None:
            raise self.missing


class Queueing(Prepared):
    overlap = Overlap.QUEUE


async def test_who_asks_for_a_dry_run_or_a_start_is_told_and_nothing_is_started(
    opener: Opener,
) -> None:
    family = Prepared(Fatal(REBUILT))
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        for path, body in (
            (PROCESS, {"dryRun": True}),
            (PROCESS, {}),
            (PROCESS, {"force": True, "itemIds": ["u00001"]}),
            (EXECUTE, {"userId": "u00001"}),
        ):
            document = assert_problem(await caller.post(path, json=body), 424)
            assert document["detail"] == NOT_READY
        with pytest.raises(NotReady, match=REBUILT):
            await sluice.start()
        assert await traces(sluice) == (0, 0, 0)
        assert set(family.calls) == {None}
        assert not family.asked  # nothing was counted


async def test_what_was_raised_without_a_word_of_the_contract_is_told_with_its_class(
    opener: Opener,
) -> None:
    async with opener(family := Prepared(KeyError("LLM_KEY"))) as sluice, api(sluice) as caller:
        document = assert_problem(await caller.post(PROCESS, json={"dryRun": True}), 424)
        assert document["detail"] == "recording is not ready: KeyError: 'LLM_KEY'"
        family.missing = RetryAfter(timedelta(seconds=9), "the model is loading")
        document = assert_problem(await caller.post(PROCESS, json={}), 503)
        assert document["detail"] == "recording is not ready: the model is loading"


async def test_a_run_asks_once_when_it_begins(opener: Opener) -> None:
    async with opener(family := Prepared()) as sluice:
        run = await sluice.played(3)
    assert (run.status, run.succeeded) == ("succeeded", 3)
    assert family.calls == [None, run.id]


async def test_a_run_that_cannot_begin_ends_as_failed_with_the_sentence(opener: Opener) -> None:
    family = Prepared()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        started = await sluice.start()
        family.missing = Fatal(REBUILT)
        async with sluice.worker():
            run = await sluice.ended(started)
            assert (run.status, run.reason, run.detail) == ("failed", "not_ready", NOT_READY)
            assert (run.to_process, run.scheduled) == (None, 0)
            shown = (await caller.get(f"/api/runs/{started}/events")).json()["events"]
            assert [event["kind"] for event in shown] == ["created", "ended"]
            assert shown[-1]["detail"] == NOT_READY
            await sluice.drained()
    assert family.calls == [None, started]
    assert not family.executed


async def test_a_start_that_waits_is_told_why_its_run_could_not_begin(opener: Opener) -> None:
    class AtFirst(Prepared):
        async def ready(self, params: FamilyParams, ctx: Context) -> None:
            if ctx.run_id is not None:
                raise Fatal(REBUILT)

    async with opener(AtFirst()) as sluice, api(sluice) as caller, sluice.worker():
        answer = (await caller.post(PROCESS, params={"wait": 30})).json()
        assert (answer["status"], answer["message"]) == ("failed", NOT_READY)


async def test_a_queued_run_that_cannot_begin_fails_and_the_next_one_comes(
    opener: Opener,
) -> None:
    class Second(Queueing):
        async def ready(self, params: FamilyParams, ctx: Context) -> None:
            await super().ready(params, ctx)
            if len([run for run in self.calls if run]) == 2:
                raise Fatal(REBUILT)

    async with opener(Second()) as sluice:
        await sluice.add_users(2)
        started = [await sluice.start(force=True) for _ in range(3)]
        async with sluice.worker():
            ended = [await sluice.ended(run_id) for run_id in started]
    assert [run.status for run in ended] == ["succeeded", "failed", "succeeded"]
    assert ended[1].reason == "not_ready"


async def test_a_clock_starts_a_run_that_tells_why_it_could_not_begin(opener: Opener) -> None:
    tokens = parse_tokens(f"clock[cron]:{CRON}")
    family = Prepared(Fatal(REBUILT))
    async with opener(family, tokens=tokens) as sluice, api(sluice, CRON) as caller:
        response = await caller.post("/api/cron/recording", headers=bearer(CRON))
        assert response.status_code == 202, response.text
        async with sluice.worker():
            run = await sluice.ended(response.json()["runId"])
    assert (run.status, run.reason, run.detail) == ("failed", "not_ready", NOT_READY)


async def _until(sluice: Sluice, run_id: str, *, reason: str) -> RunStatus:
    async with asyncio.timeout(PATIENCE):
        while (run := await sluice.run(run_id)).reason != reason:
            await asyncio.sleep(0.01)
    return RunStatus(run.status)


async def test_who_says_later_is_asked_again_and_who_says_systemic_pauses(opener: Opener) -> None:
    family = Prepared()
    async with opener(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        family.missing = RetryAfter(timedelta(milliseconds=50), "the model is loading")
        async with sluice.worker():
            assert await _until(sluice, run_id, reason="retrying") is RunStatus.PENDING
            assert "the model is loading" in str((await sluice.run(run_id)).detail)
            family.missing = Systemic("the key is refused")
            assert await _until(sluice, run_id, reason="systemic") is RunStatus.PAUSED
            assert (await sluice.run(run_id)).detail == "the key is refused"
            family.missing = None
            await sluice.service.api.control.resume(run_id, by="test")
            assert (await sluice.ended(run_id)).succeeded == 2


async def test_a_repeated_call_is_answered_as_the_first(opener: Opener) -> None:
    key = {"Idempotency-Key": "monday"}
    async with opener(family := Prepared()) as sluice, api(sluice) as caller:
        first = await caller.post(PROCESS, json={}, headers=key)
        family.missing = Fatal(REBUILT)
        again = await caller.post(PROCESS, json={}, headers=key)
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json()["runId"] == first.json()["runId"]


async def test_a_plain_method_is_called_in_a_thread(opener: Opener) -> None:
    threads: list[str] = []

    class Plain(Recording):
        def ready(self, params: FamilyParams, ctx: Context) -> None:
            threads.append(threading.current_thread().name)
            raise Fatal(REBUILT)

    async with opener(Plain()) as sluice, api(sluice) as caller:
        document = assert_problem(await caller.post(PROCESS, json={"dryRun": True}), 424)
        assert document["detail"] == NOT_READY
    assert threads
    assert threading.main_thread().name not in threads


async def test_who_never_says_is_not_waited_for_without_end(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Recording):
        async def ready(self, params: FamilyParams, ctx: Context) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(prerequisites, "READY_SECONDS", 0.2)
    async with opener(Silent()) as sluice, api(sluice) as caller:
        document = assert_problem(await caller.post(PROCESS, json={"dryRun": True}), 424)
        assert "ready() has not ended within 0.2 s" in document["detail"]


async def test_a_secret_in_the_sentence_is_told_to_nobody(opener: Opener) -> None:
    password = "postgresql://app:hunter2-hunter2@db/shop cannot be reached"
    family = Prepared()
    async with opener(family) as sluice, api(sluice) as caller:
        run_id = await sluice.start()
        family.missing = Fatal(password)
        response = await caller.post(PROCESS, json={"dryRun": True})
        assert "cannot be reached" in assert_problem(response, 424)["detail"]
        assert "hunter2" not in response.text
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert "cannot be reached" in str(run.detail)
    assert "hunter2" not in str(run.detail)
