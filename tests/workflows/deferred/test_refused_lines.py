"""A provider refuses a batch and names very many of its lines: each of them fails, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from fastapi import Response

from app.cli.demo.batches.local_provider import StoredBatch
from app.cli.demo.batches.provider_server import ProviderServer
from app.services.batches.answer_line import AnswerLine
from app.store.deferred.calls import OpenCall
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.course import CLEANED
from app.workflows.deferred.reply_writer import AT_ONCE, MOST_TRIES, ReplyWriter
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import DUE, Deferring, asking, begun, request, waiting

ITEMS = 2 * AT_ONCE + 60
BAD = {f"u{n:05}" for n in range(1, ITEMS + 1) if n % 20}
"""More than are settled in two transactions."""


def _body(item: str) -> dict[str, Any]:
    return request(item, **({"bad": True} if item in BAD else {}))


class Refused(Deferring):
    max_failure_rate = None

    def __init__(self) -> None:
        super().__init__(_body)


def _refuses(server: ProviderServer) -> None:
    def end(batch: StoredBatch) -> str:
        lines = server.provider.file(batch.asked["input_file_id"]).lines
        bad = [n for n, line in enumerate(lines, start=1) if line["body"].get("bad")]
        batch.faults = [{"code": "invalid", "message": f"Line {n} is bad.", "line": n} for n in bad]
        return "failed" if bad else "completed"

    server.provider.end = end


async def test_all_that_are_named_fail_at_once_and_the_others_go_again(
    opener: Opener, server: ProviderServer
) -> None:
    _refuses(server)
    wanted = {"size": ITEMS, "within": timedelta(seconds=1)}
    async with asking(opener, server, **wanted)(Refused()) as sluice:
        await sluice.add_users(ITEMS)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
        refused = await sluice.sql("SELECT failed, again FROM sluice.provider_batch ORDER BY id")
    assert {row.item_id for row in rows if row.status == "failed"} == BAD
    assert all("is bad." in (row.error_message or "") for row in rows if row.item_id in BAD)
    assert sum(row[0] for row in refused) == len(BAD)
    assert max(server.provider.paid.values()) == 1


class Died(Exception):
    pass


@dataclass(frozen=True)
class Dying(ReplyWriter):
    """Whoever has it dies when it has settled some."""

    async def settle(
        self,
        batch: ProviderBatch,
        answers: Sequence[tuple[OpenCall, AnswerLine]],
        *,
        delay: timedelta,
        tried: bool = True,
    ) -> ProviderBatch:
        await super().settle(batch, answers, delay=delay, tried=tried)
        raise Died


async def test_what_was_said_of_lines_is_kept_for_whoever_goes_on(
    opener: Opener, server: ProviderServer
) -> None:
    _refuses(server)
    wanted = {"size": ITEMS + 1, "within": timedelta(hours=1)}
    async with asking(opener, server, **wanted)(Refused()) as sluice:
        await waiting(sluice, ITEMS)
        living = sluice.service.api.batches.collector
        whole = {one.name: getattr(living.writer, one.name) for one in fields(living.writer)}
        dying = replace(living, writer=Dying(**whole))
        async with asyncio.timeout(PATIENCE):
            with suppress(Died):
                while True:
                    await dying.round(PATIENCE)
            [[some]] = await sluice.sql("SELECT failed + again FROM sluice.provider_batch")
            assert some == AT_ONCE
            while await sluice.sql(OPEN):
                await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
                await living.round(PATIENCE)
        [[failed, again]] = await sluice.sql(
            "SELECT failed, again FROM sluice.provider_batch WHERE state = 'failed'"
        )
    assert (failed, again) == (len(BAD), ITEMS - len(BAD))


OPEN = "SELECT 1 FROM sluice.provider_batch WHERE state IN ('submitted', 'collecting')"


async def test_whoever_was_taken_over_says_nothing_of_lines(
    opener: Opener, server: ProviderServer
) -> None:
    """Whoever goes on may have settled some, and the others' numbers are other ones then."""
    _refuses(server)
    async with asking(opener, server, size=9, within=timedelta(hours=1))(Refused()) as sluice:

        async def other(call: str) -> Response | None:
            """Another process goes on with it before the one that asks has read the answer."""
            if any(batch.status == "failed" for batch in server.provider.batches.values()):
                await sluice.sql(
                    "UPDATE sluice.provider_batch SET revision = revision + 1"
                    " WHERE state = 'collecting'"
                )
            return None

        server.after = other
        run_id = await waiting(sluice, 8)
        collector = sluice.service.api.batches.collector
        async with asyncio.timeout(PATIENCE):
            while not await sluice.sql(OVERTAKEN):
                await collector.round(PATIENCE)
        assert await sluice.sql("SELECT 1 FROM sluice.deferred_call WHERE refused <> ''") == []
        server.after = _nothing
        async with asyncio.timeout(PATIENCE):
            while await sluice.sql(OPEN):
                await collector.round(PATIENCE)
        async with sluice.worker():
            await sluice.sql(DUE)
            run = await sluice.ended(run_id)
    assert run.failed == 8


async def test_a_provider_that_names_one_of_very_many_at_a_time_is_no_endless_one(
    opener: Opener, server: ProviderServer
) -> None:
    def end(batch: StoredBatch) -> str:
        batch.faults = [{"code": "invalid", "message": "It is bad.", "line": 1}]
        return "failed"

    server.provider.end = end
    items = CLEANED + MOST_TRIES
    wanted = {"size": items + 1, "within": timedelta(hours=1)}
    async with asking(opener, server, **wanted)(Refused()) as sluice:
        await sluice.add_users(items)
        run_id = await sluice.start()
        async with sluice.worker():
            await begun(sluice, run_id, items)
        collector = sluice.service.api.batches.collector
        async with asyncio.timeout(PATIENCE):
            while await sluice.sql("SELECT 1 FROM sluice.deferred_call"):
                await sluice.sql(DUE)
                await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
                await collector.round(PATIENCE)
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert run.failed == items
    assert len(server.provider.batches) == MOST_TRIES


def _names_all(batch: StoredBatch) -> str:
    lines = range(1, batch.total + 1)
    batch.faults = [{"code": "invalid", "message": f"{n} is bad.", "line": n} for n in lines]
    return "failed"


async def _submitted(sluice: Sluice, items: int) -> None:
    """A batch that is not looked at again before it is made due."""
    await waiting(sluice, items)
    async with asyncio.timeout(PATIENCE):
        while not await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE state = 'submitted'"):
            await sluice.service.api.batches.collector.round(PATIENCE)


async def test_a_refusal_whose_lines_are_found_no_more_is_a_try(
    opener: Opener, server: ProviderServer
) -> None:
    """The batch is rid of none of them, and must not be refused for ever."""
    server.provider.end = _names_all
    items = 4
    async with asking(opener, server, size=items, poll=HOUR)(Refused()) as sluice:
        await _submitted(sluice, items)
        await sluice.sql("DELETE FROM sluice.deferred_call WHERE item_id = 'u00001'")
        collector = sluice.service.api.batches.collector
        async with asyncio.timeout(PATIENCE):
            while await sluice.sql(OPEN):
                await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
                await collector.round(PATIENCE)
        rows = [tuple(row) for row in await sluice.sql(CALLS)]
    assert rows == [(1, None)] * (items - 1)


@dataclass(frozen=True)
class Idle(ReplyWriter):
    """Whoever has it dies when it is to settle some."""

    async def settle(self, *_: object, **__: object) -> ProviderBatch:
        raise Died


async def test_what_was_said_of_a_line_does_not_go_with_it_into_another_batch(
    opener: Opener, server: ProviderServer
) -> None:
    """One that says nothing of the line has not refused it."""
    server.provider.end = _names_all
    items = 3
    async with asking(opener, server, size=items, poll=HOUR)(Refused()) as sluice:
        await _submitted(sluice, items)
        living = sluice.service.api.batches.collector
        whole = {one.name: getattr(living.writer, one.name) for one in fields(living.writer)}
        dying = replace(living, writer=Idle(**whole))
        async with asyncio.timeout(PATIENCE):
            with suppress(Died):
                while True:
                    await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
                    await dying.round(PATIENCE)
        said = [tuple(row) for row in await sluice.sql(CALLS)]
        assert said == [(0, f"{n} is bad.") for n in range(1, items + 1)]
        await sluice.sql(LONG_SILENT)
        server.before = _unavailable
        await living.round(PATIENCE)
        assert await sluice.sql(OPEN) == []  # given up
        rows = [tuple(row) for row in await sluice.sql(CALLS)]
    assert rows == [(1, None)] * items


CALLS = "SELECT tries, refused FROM sluice.deferred_call ORDER BY id"
HOUR = timedelta(hours=1)
LONG_SILENT = """
    UPDATE sluice.provider_batch SET tries = 1, failing_since = now() - interval '2 days',
        created_at = now() - interval '9 days', submitted_at = now() - interval '9 days',
        expires_at = now() - interval '8 days', poll_at = now()
"""


async def _unavailable(_call: str) -> Response | None:
    return Response(status_code=503)


async def _nothing(_call: str) -> Response | None:
    return None


OVERTAKEN = "SELECT 1 FROM sluice.provider_batch WHERE state = 'collecting'"
