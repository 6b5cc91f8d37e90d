"""A provider that fails, hangs or refuses; runs that are cancelled or paused; what may be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse
from sqlalchemy import text
from structlog.typing import EventDict

from app.cli.demo.batches.provider_server import ProviderServer
from app.services.batches import pages
from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.policy import BatchPolicy
from app.services.errors import LlmUnavailable
from app.store import retention
from app.store.database import reading
from app.store.deferred import batches
from app.workflows.contract.run_options import Budget, options_of
from app.workflows.deferred.deadline import BatchDeadline
from app.workflows.deferred.postponement import BatchPostponement
from app.workflows.deferred.submission import BatchSubmission
from app.workflows.family import Overlap
from tests.support.control import control, paused
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import (
    TIMEOUT,
    Deferring,
    asking,
    begun,
    none_left,
    paid_once,
    played,
    waiting,
)
from tests.workflows.deferred.killer import CREATE, LOOK, READ, UPLOAD

HOUR = timedelta(hours=1)


class Fails:
    """Answers the first call that begins so with an error, or not before ``over``."""

    def __init__(self, call: str, status: int | None, times: int = 1) -> None:
        self.call = call
        self.status = status
        self.left = times
        self.over = asyncio.Event()

    async def __call__(self, call: str) -> Response | None:
        if not self.left or not call.startswith(self.call):
            return None
        self.left -= 1
        if self.status is None:
            await self.over.wait()
            return Response(status_code=504)
        said = {"error": {"message": "An error of the server."}}
        return JSONResponse(said, self.status, {"Retry-After": "0"} if self.status == 429 else None)


@pytest.mark.parametrize("call", [UPLOAD, CREATE, LOOK, READ])
@pytest.mark.parametrize(
    ("status", "heard"),
    [(500, False), (500, True), (429, False), (None, False), (None, True)],  # 429: it did nothing
    ids=["500-unheard", "500-heard", "429", "hangs-unheard", "hangs-heard"],
)
async def test_a_call_that_fails_is_made_again_and_nothing_is_paid_twice(
    opener: Opener, server: ProviderServer, call: str, status: int | None, *, heard: bool
) -> None:
    server.provider.hidden = 0.5 if heard else 0.0
    fails = Fails(call, status)
    setattr(server, "after" if heard else "before", fails)
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 3)
        fails.over.set()
        assert run.succeeded == 3
        batches = await sluice.sql("SELECT error FROM sluice.provider_batch")
    assert paid_once(server.provider, *family.results)
    assert {row[0] for row in batches} == {None}
    assert sum(batch.total for batch in server.provider.batches.values()) == 3


async def test_a_look_that_is_refused_does_not_say_that_nothing_was_heard(
    opener: Opener, server: ProviderServer
) -> None:
    """The batch was made, and its answer lost; then the list of batches is too busy, once."""
    refused = Fails("GET /v1/batches", 429)
    server.after, server.before = Fails(CREATE, 500), refused
    async with asking(opener, server)(Deferring()) as sluice:
        run = await played(sluice, 3)
        assert run.succeeded == 3
    assert refused.left == 0
    assert len(server.provider.batches) == 1


async def test_a_batch_that_the_provider_refuses_for_good_fails_its_items_and_says_why(
    opener: Opener, server: ProviderServer
) -> None:
    server.before = Fails(CREATE, 400, times=100)
    async with asking(opener, server)(Deferring()) as sluice:
        run = await played(sluice, 3)
        rows = await sluice.items(run.id)
        assert_exact(run, rows)
        [[state, error]] = await sluice.sql("SELECT state, error FROM sluice.provider_batch")
    assert {(row.status, row.error_class) for row in rows} == {("failed", "DeferredFailed")}
    assert "An error of the server." in (rows[0].error_message or "")
    assert (state, "answered 400" in error) == ("failed", True)
    assert server.provider.batches == {}


async def test_refusals_with_others_in_between_are_not_in_a_row(
    opener: Opener, server: ProviderServer
) -> None:
    statuses = iter([400, 403, 400, 404, 400, 400])

    async def refuses(call: str) -> Response | None:
        if not call.startswith(UPLOAD) or (status := next(statuses, None)) is None:
            return None
        return JSONResponse({"error": {"message": "Not now."}}, status)

    server.before = refuses
    async with asking(opener, server)(Deferring()) as sluice:
        assert (await played(sluice, 2)).succeeded == 2
    assert next(statuses, None) is None
    assert len(server.provider.batches) == 1


async def test_a_key_that_is_refused_is_told_and_stands_nowhere(
    opener: Opener, server: ProviderServer, logged: list[EventDict]
) -> None:
    secret = "sk-" + "quite-secret-0123456789"
    right, server.key = server.key, secret
    async with asking(opener, server)(Deferring()) as sluice:
        server.key = right  # which the service does not have, and the server quotes what it has
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not (found := await sluice.sql(TOLD)):
                await asyncio.sleep(0.02)
            assert "LLM_API_KEY" in found[0][0]
            rows = [
                str(await sluice.sql(f"SELECT * FROM sluice.{table}"))  # noqa: S608 - ours
                for table in ("provider_batch", "deferred_call", "step", "item", "run", "run_event")
            ]
            server.key = secret
            assert (await sluice.ended(run_id)).succeeded == 2
    assert secret not in "".join(rows)
    assert secret not in str(logged)
    assert any(entry["event"] == "provider_batch_put_off" for entry in logged)


TOLD = "SELECT error FROM sluice.provider_batch WHERE error LIKE '%401%' AND tries > 1"


async def test_what_waits_for_a_cancelled_run_is_never_sent(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            await begun(sluice, run_id, 3)
            await control(sluice, "cancel", run_id)
            run = await sluice.ended(run_id)
            await none_left(sluice)
        assert_exact(run, await sluice.items(run_id))
    assert (run.status, run.cancelled) == ("cancelled", 3)
    assert server.calls == []


async def test_a_batch_for_which_nobody_waits_any_more_is_cancelled_with_the_provider(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.pace = 1.0
    async with asking(opener, server, poll=timedelta(seconds=0.2))(Deferring()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not server.provider.batches:
                    await asyncio.sleep(0.02)
            await control(sluice, "cancel", run_id)
            run = await sluice.ended(run_id)
            await none_left(sluice)
        states = await sluice.sql("SELECT state, dropped FROM sluice.provider_batch")
        assert_exact(run, await sluice.items(run_id))
    assert {row[0] for row in states} == {"cancelled"}
    assert {batch.status for batch in server.provider.batches.values()} == {"cancelled"}
    assert not server.provider.paid


async def test_a_batch_with_others_answers_goes_on_and_the_cancelled_ones_are_dropped(
    opener: Opener, server: ProviderServer
) -> None:
    class Beside(Deferring):
        overlap = Overlap.ALLOW

    server.provider.pace = 1.0
    wanted = {"size": 6, "within": timedelta(hours=1), "poll": timedelta(seconds=0.2)}
    async with asking(opener, server, **wanted)(Beside()) as sluice:
        await sluice.add_users(3)
        first, second = await sluice.start(force=True), await sluice.start(force=True)
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not server.provider.batches:
                    await asyncio.sleep(0.02)
            await control(sluice, "cancel", first)
            run = await sluice.ended(second)
            await none_left(sluice)
        rows = await sluice.sql("SELECT state, lines, done, dropped FROM sluice.provider_batch")
    assert run.succeeded == 3
    assert [tuple(row) for row in rows] == [("completed", 6, 3, 3)]


async def test_a_paused_run_sends_nothing_until_it_is_resumed(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            await begun(sluice, run_id, 3)
            await control(sluice, "pause", run_id)
            collector = sluice.service.api.batches.collector
            await sluice.sql(  # as if they had waited for so long
                "UPDATE sluice.deferred_call SET created_at = created_at - interval '1 hour',"
                " due_at = due_at - interval '1 hour'"
            )
            await collector.round(PATIENCE)
            assert server.calls == []
            await control(sluice, "resume", run_id)
            assert (await sluice.ended(run_id)).succeeded == 3


async def test_a_budget_pauses_the_run_with_the_answers_that_used_it_up(
    opener: Opener, server: ProviderServer
) -> None:
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(3)
        options = options_of(family, budget=Budget(tokens=10))
        run_id = await sluice.start(options=options)
        async with sluice.worker():
            run = await paused(sluice, run_id)
    assert run.reason == "budget"
    assert run.spent_tokens >= 10


async def test_a_batch_that_the_provider_has_lost_goes_again(
    opener: Opener, server: ProviderServer
) -> None:
    first: list[str] = []

    async def lost(call: str) -> Response | None:
        if not first and call.startswith(LOOK):
            first.append(server.provider.batches.popitem()[0])
        if first and call.endswith(first[0]):
            return JSONResponse({"error": {"message": "No batch found."}}, 404)
        return None

    server.before = lost
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 1)
        rows = await sluice.sql("SELECT state, error FROM sluice.provider_batch ORDER BY id")
    assert run.succeeded == 1
    assert [row[0] for row in rows] == ["failed", "completed"]
    assert "No batch found." in rows[0][1]


async def test_ended_batches_are_deleted_with_what_is_old(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server)(Deferring()) as sluice:
        await played(sluice, 1)
        database = sluice.service.database
        await retention.prune_batches(database, timedelta(days=1))
        assert len(await sluice.sql("SELECT 1 FROM sluice.provider_batch")) == 1
        await sluice.sql("UPDATE sluice.provider_batch SET ended_at = now() - interval '2 days'")
        await retention.prune_batches(database, timedelta(days=1))
        assert await sluice.sql("SELECT 1 FROM sluice.provider_batch") == []


@pytest.mark.parametrize("there", [True, False])
async def test_a_list_that_is_too_long_does_not_say_that_no_batch_was_made(
    opener: Opener, server: ProviderServer, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    """The batch was made and its answer lost, and then others have made a hundred."""
    monkeypatch.setattr(pages, "MOST", 1)

    async def made(call: str) -> Response | None:
        if call != CREATE or len(server.provider.batches) != 1:
            return None
        [ours] = server.provider.batches.values()
        for _ in range(99 + (not there)):
            server.provider.create({**ours.asked, "metadata": None})
        return JSONResponse({"error": {"message": "Unwell."}}, 500)

    server.after = made
    family = Deferring()
    async with asking(opener, server, within=HOUR, settle=timedelta(seconds=-TIMEOUT))(
        family
    ) as sluice:
        run_id = await waiting(sluice, 2)
        for _ in range(2):
            await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
            await sluice.service.api.batches.collector.round(PATIENCE)
        assert server.calls.count(CREATE) == 1
        if not there:
            [[state, error]] = await sluice.sql("SELECT state, error FROM sluice.provider_batch")
            assert (state, error) == ("uploaded", pages.TOO_LONG)
            monkeypatch.setattr(pages, "MOST", 2)
        await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2
    assert server.calls.count(CREATE) == 1


async def _locked(sluice: Sluice) -> None:
    """Return once a session waits for another's lock."""
    async with asyncio.timeout(PATIENCE):
        while not await sluice.sql(WAITS):
            await asyncio.sleep(0.02)


WAITS = """
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_whoever_locks_a_batchs_requests_has_the_batch_before(
    opener: Opener, server: ProviderServer, *, withdrawn: bool
) -> None:
    server.before = Fails(UPLOAD, 500)
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await waiting(sluice, 2)
        collector = sluice.service.api.batches.collector
        await collector.round(PATIENCE)
        database = sluice.service.database
        async with reading(database) as connection:
            [batch] = await batches.page(connection, before=None, is_open=True, limit=2)
        if withdrawn:
            await sluice.sql("UPDATE sluice.run SET status = 'cancelling'")
            deadline = BatchDeadline(database, collector.writer)
            away = LlmUnavailable("It is away.")
            look: Coroutine[None, None, object] = BatchPostponement(database, deadline).put_off(
                collector.providers["llm"], batch, away
            )
        else:  # larger than the settings allow: its requests are given back
            small = BatchEndpoint(None, None, policy=BatchPolicy(size=1))
            await sluice.sql("UPDATE sluice.provider_batch SET attempted_at = NULL")
            batch.attempted_at = None
            look = BatchSubmission(database).upload(small, batch)
        async with database.begin() as tx:
            await tx.execute(text("SELECT 1 FROM sluice.provider_batch FOR UPDATE"))
            doing = asyncio.create_task(look)
            await _locked(sluice)
            # Who has the batch reaches its requests.
            await tx.execute(text("SELECT 1 FROM sluice.deferred_call FOR UPDATE NOWAIT"))
        await doing
        left = await sluice.sql("SELECT batch_id FROM sluice.deferred_call")
    assert [row[0] for row in left] == ([] if withdrawn else [None, None])
