"""A batch that may have been made twice: the second is looked for, and the first waits for nothing
that a look cannot tell."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse
from structlog.typing import EventDict

from app.cli.demo.batches.provider_server import ProviderServer
from app.services.batches import pages
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.deferred.asking import (
    TIMEOUT,
    Deferring,
    asking,
    none_left,
    paid_once,
    waiting,
)
from tests.workflows.deferred.killer import CREATE

HOUR = timedelta(hours=1)
LIST = "GET /v1/batches"
STANDS = "SELECT state, tries, error FROM sluice.provider_batch"
UNSEEN = "provider_batch_twins_unseen"


def _refusal(status: int) -> Response:
    return JSONResponse({"error": {"message": "No."}}, status)


async def _looked(sluice: Sluice, times: int) -> None:
    for _ in range(times):
        await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
        await sluice.service.api.batches.collector.round(PATIENCE)


def _asked_twice(server: ProviderServer) -> None:
    """The provider is too busy when it is asked for a batch the first time."""

    async def busy(call: str) -> Response | None:
        return _refusal(429) if call == CREATE and server.calls.count(CREATE) == 1 else None

    server.before = busy


@pytest.mark.parametrize("status", [404, 501])
async def test_a_provider_without_a_list_of_batches_is_read_at_once(
    opener: Opener, server: ProviderServer, logged: list[EventDict], status: int
) -> None:
    _asked_twice(server)
    busy = server.before

    async def no_list(call: str) -> Response | None:
        return _refusal(status) if call == LIST else await busy(call)

    server.before = no_list
    server.provider.pace = 0.0
    family = Deferring()
    async with asking(opener, server, within=HOUR)(family) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, 2)
        assert server.calls.count(CREATE) == 2
        assert [tuple(row) for row in await sluice.sql(STANDS)] == [("completed", 0, None)]
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2
    assert paid_once(server.provider, *family.results)
    assert any(entry["event"] == UNSEEN and str(status) in entry["error"] for entry in logged)


@pytest.mark.parametrize("newer", [98, 100])
async def test_a_list_that_is_too_long_to_show_a_batch_does_not_put_it_off(
    opener: Opener,
    server: ProviderServer,
    logged: list[EventDict],
    monkeypatch: pytest.MonkeyPatch,
    newer: int,
) -> None:
    monkeypatch.setattr(pages, "MOST", 1)
    _asked_twice(server)
    busy = server.before
    server.provider.pace = 0.0
    cancelled: list[str] = []

    async def cancels(call: str) -> Response | None:
        if not call.endswith("/cancel"):
            return await busy(call)
        cancelled.append(call.split("/")[-2])
        twin = server.provider.batches[cancelled[-1]]
        twin.status = "cancelling"
        return JSONResponse(twin.shown())

    async def others(call: str) -> Response | None:
        if call == CREATE and len(server.provider.batches) == 1:
            [ours] = server.provider.batches.values()
            server.provider.create(ours.asked)
            for _ in range(newer):
                server.provider.create({**ours.asked, "metadata": None})
        return None

    server.before, server.after = cancels, others
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, 2)
        assert [tuple(row) for row in await sluice.sql(STANDS)] == [("completed", 0, None)]
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2
    ids = list(server.provider.batches)
    assert cancelled == ([ids[1]] if newer < 100 else [])
    assert any(entry["event"] == UNSEEN for entry in logged) is (newer == 100)


async def test_a_twin_that_its_provider_does_not_cancel_keeps_the_other_from_nothing(
    opener: Opener, server: ProviderServer
) -> None:
    _asked_twice(server)
    busy = server.before
    server.provider.pace = 0.0

    async def cancels_none(call: str) -> Response | None:
        return _refusal(405) if call.endswith("/cancel") else await busy(call)

    async def twice(call: str) -> Response | None:
        if call == CREATE and len(server.provider.batches) == 1:
            [ours] = server.provider.batches.values()
            server.provider.create(ours.asked)
        return None

    server.before, server.after = cancels_none, twice
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, 2)
        assert any(call.endswith("/cancel") for call in server.calls)
        assert [tuple(row) for row in await sluice.sql(STANDS)] == [("completed", 0, None)]
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2


async def test_a_batch_that_was_made_twice_unseen_is_cancelled_before_it_is_paid_for(
    opener: Opener, server: ProviderServer
) -> None:
    """The provider's lists lag for longer than anybody waits."""

    async def unheard(call: str) -> Response | None:
        return _refusal(500) if call == CREATE and server.calls.count(CREATE) == 1 else None

    server.provider.hidden = TIMEOUT + 2
    server.provider.pace = 3 * TIMEOUT
    server.after = unheard
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while "cancelling" not in {one.status for one in server.provider.batches.values()}:
                    await asyncio.sleep(0.02)
            server.provider.pace = 0.01
            assert (await sluice.ended(run_id)).succeeded == 2
            await none_left(sluice)
        [[remote]] = await sluice.sql("SELECT remote_id FROM sluice.provider_batch")
    assert paid_once(server.provider, *family.results)
    statuses = {one.id: one.status for one in server.provider.batches.values()}
    assert len(statuses) == 2
    assert statuses.pop(remote) == "completed"
    assert set(statuses.values()) <= {"cancelling", "cancelled"}


async def test_whoever_was_taken_over_amid_a_call_takes_back_what_it_made(
    opener: Opener, server: ProviderServer
) -> None:
    family = Deferring()
    async with asking(opener, server, size=2, within=HOUR)(family) as sluice:

        async def other(call: str) -> Response | None:
            """Another process has made the batch meanwhile."""
            if call != CREATE or len(server.provider.batches) > 1:
                return None
            [batch] = server.provider.batches.values()
            made = server.provider.create(batch.asked)
            await sluice.sql(
                "UPDATE sluice.provider_batch SET revision = revision + 1, state = 'submitted',"
                " remote_id = :made, attempted_at = NULL",
                made=made.id,
            )
            return None

        server.after = other
        server.provider.pace = 1.0
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2
        [first, second] = server.provider.batches.values()
    assert (server.provider.batch(first.id).status, second.status) == ("cancelled", "completed")
    assert paid_once(server.provider, *family.results)
