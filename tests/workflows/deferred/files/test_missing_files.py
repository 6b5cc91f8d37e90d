"""A file of answers that the provider says it does not have: gone only if it says so again and
again of that very file, and shows it in no list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse

from app.cli.demo.batches.local_provider import Answer
from app.cli.demo.batches.provider_server import Door, ProviderServer
from app.workflows.deferred.deadline import FAILING
from app.workflows.deferred.loss import MOST_DENIALS
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.deferred.asking import DUE, Deferring, asking, paid_once, played, waiting
from tests.workflows.deferred.killer import LOOK

CONTENT = "/content"
OFTEN = timedelta(milliseconds=5)
"""Between two looks: each failure doubles it."""
BATCHES = "SELECT state, again FROM sluice.provider_batch ORDER BY id"


def _answers(statuses: Iterator[int]) -> Door:
    """In place of the first looks at a file, one after the other."""

    async def before(call: str) -> Response | None:
        if not call.endswith(CONTENT) or (status := next(statuses, None)) is None:
            return None
        return JSONResponse({"error": {"message": f"It is {status}."}}, status)

    return before


@pytest.mark.parametrize("other", [500, 403])
async def test_one_404_after_other_failures_is_no_loss(
    opener: Opener, server: ProviderServer, other: int
) -> None:
    failures = [other] * (MOST_DENIALS - 1) + [404] * (MOST_DENIALS - 1) + [other, 404]
    server.before = _answers(iter(failures))
    server.provider.hidden = 1_000.0  # no list would show it
    family = Deferring()
    async with asking(opener, server, poll=OFTEN)(family) as sluice:
        run = await played(sluice, 2)
        rows = [tuple(row) for row in await sluice.sql(BATCHES)]
    assert run.succeeded == 2
    assert rows == [("completed", 0)]
    assert paid_once(server.provider, *family.results)


async def test_a_file_that_a_list_shows_is_not_gone(opener: Opener, server: ProviderServer) -> None:
    """What leads to the provider answers 404 to each look at a file for some time."""
    server.before = _answers(iter([404] * (MOST_DENIALS + 2)))
    family = Deferring()
    async with asking(opener, server, poll=OFTEN)(family) as sluice:
        run = await played(sluice, 2)
        rows = [tuple(row) for row in await sluice.sql(BATCHES)]
    assert run.succeeded == 2
    assert rows == [("completed", 0)]
    assert paid_once(server.provider, *family.results)


async def test_what_stood_in_a_file_that_is_gone_goes_into_another_batch(
    opener: Opener, server: ProviderServer
) -> None:
    lost: list[str] = []
    looks: list[str] = []

    async def deleted(call: str) -> Response | None:
        if call.endswith(CONTENT):
            looks.append(call)
            if not lost:
                lost.append(call)
                del server.provider.files[call.split("/")[-2]]
        return None

    server.before = deleted
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 2)
        rows = [tuple(row) for row in await sluice.sql(BATCHES)]
    assert run.succeeded == 2
    assert rows == [("completed", 2), ("completed", 0)]
    assert looks.count(lost[0]) == MOST_DENIALS
    assert set(server.provider.paid.values()) == {2}


async def test_each_of_two_files_is_missed_by_itself(
    opener: Opener, server: ProviderServer
) -> None:
    """The output file is gone; the error file is away once, and says of whom it is."""

    def answer(body: Mapping[str, Any]) -> Answer:
        bad = "u00002" in str(body)
        return (400, {"error": {"message": "It is bad."}}) if bad else (200, {"choices": []})

    server.provider.answer = answer
    server.provider.hidden = 1_000.0
    missed: list[str] = []

    async def before(call: str) -> Response | None:
        if not call.endswith(CONTENT):
            return None
        file = server.provider.files.get(call.split("/")[-2])
        output = next(iter(server.provider.batches.values())).output
        if file is None or file.id == output or missed.count(call) == 0:
            missed.append(call)
            return JSONResponse({"error": {"message": "There is no such file."}}, 404)
        return None

    server.before = before
    async with asking(opener, server)(Deferring()) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await sluice.ended(run_id)
        rows = {row.item_id: row.error_message for row in await sluice.items(run_id)}
        counts = await sluice.sql("SELECT failed FROM sluice.provider_batch ORDER BY id")
    assert "It is bad." in (rows["u00002"] or "")
    assert counts[0][0] == 1


LIST = "GET /v1/files"
HOUR = timedelta(hours=1)


def _lost(server: ProviderServer, listed: int | None) -> Door:
    """The first file of answers is not known, and the list is answered with this status; None: as
    it is."""

    async def before(call: str) -> Response | None:
        first = next(iter(server.provider.batches.values()), None)
        if first is not None and call == f"GET /v1/files/{first.output}{CONTENT}":
            return JSONResponse({"error": {"message": "There is no such file."}}, 404)
        if call == LIST and listed is not None:
            return JSONResponse({"error": {"message": "There is no list."}}, listed)
        return None

    return before


async def _looked(sluice: Sluice, times: int) -> None:
    for _ in range(times):
        await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now() WHERE ended_at IS NULL")
        await sluice.service.api.batches.collector.round(PATIENCE)


async def _silent(sluice: Sluice, looked_at: timedelta = timedelta()) -> None:
    """As if calls had failed for a day.

    Args:
        looked_at: so long ago its batch was due.
    """
    await sluice.sql(
        "UPDATE sluice.provider_batch SET revision = revision + 1,"
        " poll_at = now() - CAST(:due AS interval),"
        " failing_since = now() - CAST(:failing AS interval)",
        due=looked_at,
        failing=FAILING,
    )


@pytest.mark.parametrize("status", [500, 429, 405])
async def test_a_list_that_fails_does_not_begin_the_row_anew(
    opener: Opener, server: ProviderServer, status: int
) -> None:
    server.provider.pace = 0.0
    server.before = _lost(server, status)
    family = Deferring()
    async with asking(opener, server, within=HOUR)(family) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, MOST_DENIALS + 1)
        assert server.calls.count(LIST) == 2
        server.before = _lost(server, None)
        [batch] = server.provider.batches.values()
        del server.provider.files[batch.output or ""]
        await _looked(sluice, 1)
        assert server.calls.count(LIST) == 3
        assert [tuple(row) for row in await sluice.sql(BATCHES)] == [("completed", 2)]
        await sluice.sql(DUE)
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2


@pytest.mark.parametrize("listed", [404, 405, 501, 500, None])
async def test_a_provider_that_has_no_list_is_believed_after_a_day(
    opener: Opener, server: ProviderServer, listed: int | None
) -> None:
    server.provider.pace = 0.0
    server.before = _lost(server, listed)
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, MOST_DENIALS + 3)
        assert [tuple(row) for row in await sluice.sql(BATCHES)] == [("collecting", 0)]
        await _silent(sluice)
        await _looked(sluice, 1)
        rows = [tuple(row) for row in await sluice.sql(BATCHES)]
        if listed in (500, None):  # it may be there, and paid for
            assert rows == [("collecting", 0)]
            return
        assert rows == [("completed", 2)]
        await sluice.sql(DUE)
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2


async def test_a_day_in_which_nobody_looked_is_no_day_of_a_provider_without_a_list(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.pace = 0.0
    server.before = _lost(server, 404)
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await waiting(sluice, 2)
        await _looked(sluice, MOST_DENIALS + 1)
        collector = sluice.service.api.batches.collector
        await _silent(sluice, looked_at=FAILING)
        await collector.round(PATIENCE)
        assert [tuple(row) for row in await sluice.sql(BATCHES)] == [("collecting", 0)]
        await _silent(sluice, looked_at=HOUR / 2)
        await collector.round(PATIENCE)
        assert [tuple(row) for row in await sluice.sql(BATCHES)] == [("completed", 2)]


async def test_where_one_file_is_gone_for_a_provider_without_a_list_the_other_is_read(
    opener: Opener, server: ProviderServer
) -> None:
    def answer(body: Mapping[str, Any]) -> Answer:
        bad = "u00002" in str(body)
        return (400, {"error": {"message": "It is bad."}}) if bad else (200, {"choices": []})

    server.provider.answer = answer
    server.provider.pace = 0.0
    server.before = _lost(server, 405)
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, MOST_DENIALS + 1)
        await _silent(sluice)
        await _looked(sluice, 1)
        [counts] = await sluice.sql("SELECT state, again, failed FROM sluice.provider_batch")
        assert tuple(counts) == ("completed", 1, 1)
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not (await sluice.run(run_id)).failed:
                    await asyncio.sleep(0.02)
        said = {row.item_id: row.error_message for row in await sluice.items(run_id)}
    assert "It is bad." in (said["u00002"] or "")


@pytest.mark.parametrize("listed", [404, 501])
async def test_a_batch_is_gone_that_a_provider_without_a_list_has_not_known_for_a_day(
    opener: Opener, server: ProviderServer, listed: int
) -> None:
    """It is no failure of its requests' own: they go into another."""
    lost = True

    async def unknown(call: str) -> Response | None:
        if not lost or not call.startswith("GET /v1/batches"):
            return None
        return JSONResponse({"error": {"message": "No."}}, 404 if call.startswith(LOOK) else listed)

    server.before = unknown
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        run_id = await waiting(sluice, 2)
        await _looked(sluice, MOST_DENIALS + 3)
        assert [tuple(row) for row in await sluice.sql(BATCHES)] == [("submitted", 0)]
        await _silent(sluice)
        await _looked(sluice, 1)
        assert [tuple(row) for row in await sluice.sql(BATCHES)] == [("failed", 2)]
        lost = False
        await sluice.sql(DUE)
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 2
