"""Every batch ends, whatever its provider says or fails to say, and each request of it is answered,
asked again where nothing can have been paid for it, or failed with a sentence that says so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse

from app.cli.demo.batches.local_provider import StoredBatch
from app.cli.demo.batches.provider_server import ProviderServer
from app.store.deferred.batch_state import BatchState
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.deadline import LONGEST_WINDOW, due_at
from app.workflows.family import Overlap
from tests.support.control import control
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import DUE, Deferring, asking, paid_once, request
from tests.workflows.deferred.killer import CREATE, LOOK, READ, UPLOAD

ENDLESS = 1e9
"""Seconds to a batch's next status."""


def error(status: int) -> Response:
    return JSONResponse({"error": {"message": "It is not so."}}, status)


async def _until(sluice: Sluice, found: str) -> None:
    """Return once the query finds something."""
    async with asyncio.timeout(PATIENCE):
        while not await sluice.sql(found):
            await asyncio.sleep(0.02)


async def _older(sluice: Sluice, server: ProviderServer, hours: int) -> None:
    """As if that time had passed since the provider was asked to make the batch."""
    for batch in server.provider.batches.values():
        batch.made -= hours * 3_600
    columns = (
        "created_at", "submitted_at", "expires_at", "attempted_at", "cancelled_at", "failing_since",
    )  # fmt: skip
    earlier = ", ".join(f"{one} = {one} - make_interval(hours => :hours)" for one in columns)
    change = f"revision = revision + 1, poll_at = now(), {earlier}"
    query = f"UPDATE sluice.provider_batch SET {change} WHERE ended_at IS NULL"  # noqa: S608 - ours
    await sluice.sql(query, hours=hours)


async def _message(sluice: Sluice, run_id: str) -> str:
    """The one sentence with which all of the run's items failed."""
    run, rows = await sluice.run(run_id), await sluice.items(run_id)
    assert_exact(run, rows)
    assert {(row.status, row.error_class) for row in rows} == {("failed", "DeferredFailed")}
    [said] = {row.error_message or "" for row in rows}
    return said


POLLED = "SELECT 1 FROM sluice.provider_batch WHERE polls > 0"
BATCHES = "SELECT state, error FROM sluice.provider_batch ORDER BY id"


async def test_a_failed_batch_that_is_known_no_more_when_its_faults_are_asked_for_goes_again(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.end = lambda batch: "failed" if batch.id == _first(server) else "completed"

    async def forgotten(call: str) -> Response | None:
        first = _first(server)
        if first is None or not call.endswith(first):
            return None
        return error(404) if server.provider.batches[first].status == "failed" else None

    server.before = forgotten
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        run = await sluice.played(2)
        rows = await sluice.sql(BATCHES)
    assert run.succeeded == 2
    assert [row[0] for row in rows] == ["failed", "completed"]
    assert paid_once(server.provider, *family.results)


def _first(server: ProviderServer) -> str | None:
    return next(iter(server.provider.batches), None)


async def test_a_batch_without_a_moment_at_which_it_expires_is_cancelled_by_our_clock(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.pace = ENDLESS

    async def unsaid(call: str) -> Response | None:
        if not call.startswith(LOOK):
            return None
        shown = server.provider.batch(call.removeprefix(LOOK)).shown()
        return JSONResponse(shown | {"expires_at": None})

    server.after = unsaid
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, POLLED)
            await _older(sluice, server, 26)
            async with asyncio.timeout(PATIENCE):
                while server.provider.batches[_first(server) or ""].status != "cancelling":
                    await asyncio.sleep(0.02)
            server.provider.pace = 0.01
            assert (await sluice.ended(run_id)).succeeded == 2
        rows = await sluice.sql(BATCHES)
    assert [row[0] for row in rows] == ["cancelled", "completed"]
    assert paid_once(server.provider, *family.results)


@pytest.mark.parametrize("cancel", ["heard", "refused", "unheard"])
async def test_a_batch_that_never_ends_is_given_up_and_nothing_asks_it_again(
    opener: Opener, server: ProviderServer, cancel: str
) -> None:
    server.provider.pace = ENDLESS

    async def stays(call: str) -> Response | None:
        if not call.endswith("/cancel"):
            return None
        if cancel == "heard":
            return JSONResponse(server.provider.batch(_first(server) or "").shown())
        return error(404 if cancel == "refused" else 500)

    server.before = stays
    async with asking(opener, server)(Deferring()) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, POLLED)
            await _older(sluice, server, 26)
            async with asyncio.timeout(PATIENCE):
                while not any(call.endswith("/cancel") for call in server.calls):
                    await asyncio.sleep(0.02)
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE polls > 2")
            assert (await sluice.run(run_id)).finished_at is None
            await _older(sluice, server, 48)
            await sluice.ended(run_id)
        said = await _message(sluice, run_id)
        [[state, told]] = await sluice.sql(BATCHES)
    assert "did not end" in said
    assert "until the item is retried" in said
    assert state == "failed"
    assert told in said
    assert len(server.provider.batches) == 1


async def test_a_provider_that_cannot_cancel_is_asked_for_its_answers_all_the_same(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.pace = ENDLESS

    async def knows_no_cancel(call: str) -> Response | None:
        return error(404) if call.endswith("/cancel") else None

    server.before = knows_no_cancel
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, POLLED)
            await _older(sluice, server, 26)
            async with asyncio.timeout(PATIENCE):  # more often than a batch is missed
                while sum(call.endswith("/cancel") for call in server.calls) < 6:
                    await asyncio.sleep(0.02)
            server.provider.pace = 0.01
            assert (await sluice.ended(run_id)).succeeded == 2
        [[state, told]] = await sluice.sql(BATCHES)
    assert (state, told) == ("completed", None)
    assert paid_once(server.provider, *family.results)


async def test_a_batch_that_only_the_look_does_not_know_is_not_made_a_second_time(
    opener: Opener, server: ProviderServer
) -> None:
    lost = True

    async def behind_a_door_that_leads_elsewhere(call: str) -> Response | None:
        return error(404) if lost and call.startswith(LOOK) else None

    server.before = behind_a_door_that_leads_elsewhere
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, POLLED)  # by the list
            lost = False
            assert (await sluice.ended(run_id)).succeeded == 2
    assert len(server.provider.batches) == 1
    assert paid_once(server.provider, *family.results)


async def test_what_no_call_has_made_of_it_in_a_day_goes_into_another_batch(
    opener: Opener, server: ProviderServer
) -> None:
    """No list shows it either, so nothing of it is paid for."""
    away = True

    async def refuses(call: str) -> Response | None:
        return error(500) if away and call.startswith(CREATE) else None

    server.before = refuses
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE tries > 0")
            await sluice.sql("UPDATE sluice.provider_batch SET creations = 5, tries = 5")
            await _older(sluice, server, 25)
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE state = 'failed'")
            away = False
            assert (await sluice.ended(run_id)).succeeded == 2
        rows = await sluice.sql(BATCHES)
    assert [row[0] for row in rows] == ["failed", "completed"]
    assert "has not taken its batch" in rows[0][1]
    assert paid_once(server.provider, *family.results)


async def test_a_batch_of_which_it_is_never_known_whether_it_was_made_is_given_up(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.pace = ENDLESS
    away = True

    async def silent(call: str) -> Response | None:
        of_batches = call.startswith((CREATE, "GET /v1/batches"))
        return error(500) if away and of_batches else None

    server.after = silent  # it has heard all of it
    async with asking(opener, server)(Deferring()) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE tries > 5")
            assert (await sluice.run(run_id)).finished_at is None
            await _older(sluice, server, 74)
            await sluice.ended(run_id)
        said = await _message(sluice, run_id)
    assert "never said whether it had made batch" in said
    assert "until the item is retried" in said
    assert server.calls.count(CREATE) == 1


async def test_answers_that_can_never_be_read_are_given_up_and_not_paid_for_again(
    opener: Opener, server: ProviderServer
) -> None:
    async def unreadable(call: str) -> Response | None:
        return error(500) if call.startswith(READ) and call.endswith("/content") else None

    server.before = unreadable
    async with asking(opener, server)(Deferring()) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE tries > 5")
            assert (await sluice.run(run_id)).finished_at is None
            await _older(sluice, server, 74)
            await sluice.ended(run_id)
        said = await _message(sluice, run_id)
    assert "could not be read" in said
    assert "answered 500" in said
    assert len(server.provider.batches) == 1
    assert server.provider.paid.total() == 2


async def test_a_batch_that_its_provider_never_takes_goes_again(
    opener: Opener, server: ProviderServer
) -> None:
    first = True

    async def refused(call: str) -> Response | None:
        return error(403) if first and call == UPLOAD else None

    server.before = refused
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE tries > 5")
            await _older(sluice, server, 25)
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE ended_at IS NOT NULL")
            first = False
            assert (await sluice.ended(run_id)).succeeded == 2
        rows = await sluice.sql(BATCHES)
    assert (rows[0][0], "answered 403" in rows[0][1]) == ("failed", True)
    assert paid_once(server.provider, *family.results)


@pytest.mark.parametrize("late", [timedelta(hours=-3), timedelta(), timedelta(days=3_650)])
def test_a_provider_is_believed_within_reason(late: timedelta) -> None:
    begun = datetime(2026, 1, 1, 12, tzinfo=UTC)
    batch = ProviderBatch(
        id="batch_1", provider="llm", url="/v1", model="", state=BatchState.SUBMITTED, lines=1,
        size=1, created_at=begun, submitted_at=begun, expires_at=begun + late,
    )  # fmt: skip
    longest = timedelta(days=1) if late <= timedelta() else LONGEST_WINDOW
    assert due_at(batch) == begun + longest
    batch.expires_at = begun + timedelta(days=3)
    assert due_at(batch) == batch.expires_at


async def test_lines_are_refused_though_some_items_were_cancelled_before_the_file_went_up(
    opener: Opener, server: ProviderServer
) -> None:
    class Beside(Deferring):
        overlap = Overlap.ALLOW

    waits = True

    async def not_yet(call: str) -> Response | None:
        return error(403) if waits and call == UPLOAD else None

    def end(batch: StoredBatch) -> str:
        lines = server.provider.file(batch.asked["input_file_id"]).lines
        bad = [n for n, line in enumerate(lines, start=1) if line["body"].get("bad")]
        named = [*bad, 0, -1, len(lines) + 1, 10**30] if bad else []
        batch.faults = [{"code": "invalid", "message": "It is bad.", "line": n} for n in named]
        return "failed" if bad else "completed"

    server.before, server.provider.end = not_yet, end
    family = Beside(lambda item: request(item, **({"bad": True} if item == "u00002" else {})))
    wanted = {"size": 6, "within": timedelta(hours=1)}
    async with asking(opener, server, **wanted)(family) as sluice:
        await sluice.add_users(3)
        first, second = await sluice.start(force=True), await sluice.start(force=True)
        async with sluice.worker():
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE tries > 0")
            await control(sluice, "cancel", first)
            await sluice.ended(first)
            waits = False
            await _until(sluice, "SELECT 1 FROM sluice.provider_batch WHERE state = 'failed'")
            # What was not named waits for others of its kind: an hour, but for this.
            await sluice.sql(DUE)
            run = await sluice.ended(second)
        rows = {row.item_id: row for row in await sluice.items(second)}
        [[lines, dropped, failed, again]] = await sluice.sql(
            "SELECT lines, dropped, failed, again FROM sluice.provider_batch WHERE state = 'failed'"
        )
    assert (run.succeeded, run.failed) == (2, 1)
    assert "It is bad." in (rows["u00002"].error_message or "")
    assert (lines, dropped, failed, again) == (3, 3, 1, 2)
    assert server.provider.paid.total() == 2
