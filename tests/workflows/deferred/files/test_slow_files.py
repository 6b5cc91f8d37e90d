"""A file of answers that does not come in one go: each look goes on behind the last line that the
one before has written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Response
from fastapi.responses import StreamingResponse

from app.cli.demo.batches.provider_server import ProviderServer
from app.workflows.deferred.postponement import CUT_OFF
from app.workflows.deferred.reply_writer import AT_ONCE
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.deferred.asking import Deferring, asking, paid_once, waiting

HOUR = timedelta(hours=1)
SHORT = 1.0
"""Seconds of a tick."""
PART = 40
"""Lines that come at a time: fewer than are written together."""
ITEMS = 3 * PART + 5
STANDS = "SELECT state, tries, done, again, error FROM sluice.provider_batch"
AT_ITEMS = [f"u{n:05}" for n in range(1, ITEMS + 1)]


class Torn(Exception):
    pass


class Parts:
    """Sends so many lines, and then nothing more: it hangs, or the connection breaks."""

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs
        self.goes = asyncio.Event()
        self.sent: list[int] = []

    def __call__(self, content: bytes) -> Response:
        self.sent.append(len(content))
        return StreamingResponse(self._some(content.splitlines(keepends=True)))

    async def _some(self, lines: list[bytes]) -> AsyncIterator[bytes]:
        if self.goes.is_set() or len(lines) <= PART:
            yield b"".join(lines)
            return
        # And a line of which the end does not come.
        yield b"".join(lines[:PART]) + lines[PART][:20]
        if not self.hangs:
            raise Torn
        await self.goes.wait()


async def _rounds(sluice: Sluice, until: Callable[[Any], bool]) -> list[tuple[Any, ...]]:
    """How the batch stood after each tick from the first at which its file was read."""
    collector = sluice.service.api.batches.collector
    stood: list[tuple[Any, ...]] = []
    async with asyncio.timeout(PATIENCE):
        while not stood or not until(stood[-1]):
            await sluice.sql("UPDATE sluice.provider_batch SET poll_at = now()")
            await collector.round(SHORT)
            rows = [tuple(row) for row in await sluice.sql(STANDS)]
            stood += [row for row in rows if row[0] not in ("assigned", "uploaded", "submitted")]
    return stood


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_file_that_never_comes_whole_is_read_to_its_end(
    opener: Opener, server: ProviderServer, hangs: bool
) -> None:
    assert PART < AT_ONCE
    parts = server.send = Parts(hangs=hangs)
    family = Deferring()
    async with asking(opener, server, within=HOUR)(family) as sluice:
        run_id = await waiting(sluice, ITEMS)
        stood = await _rounds(sluice, lambda row: row[0] == "completed")
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert run.succeeded == ITEMS
    assert [row[2] for row in stood] == sorted({row[2] for row in stood})  # each went on
    assert max(row[1] for row in stood) <= (0 if hangs else 1)  # and so none has failed in a row
    assert stood[-1] == ("completed", 0, ITEMS, 0, None)
    assert len(set(parts.sent)) == len(parts.sent)
    assert paid_once(server.provider, *AT_ITEMS)


async def test_a_provider_that_sends_only_whole_files_is_read_as_far_as_one_comes(
    opener: Opener, server: ProviderServer
) -> None:
    server.ranges = False
    parts = server.send = Parts(hangs=True)
    family = Deferring()
    async with asking(opener, server, within=HOUR)(family) as sluice:
        run_id = await waiting(sluice, ITEMS)
        stood = await _rounds(sluice, lambda row: row[1] == 2)
        assert ("collecting", 0, PART, 0, None) in stood
        assert stood[-1] == ("collecting", 2, PART, 0, CUT_OFF)
        parts.goes.set()
        stood = await _rounds(sluice, lambda row: row[0] == "completed")
        assert stood[-1] == ("completed", 0, ITEMS, 0, None)
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert run.succeeded == ITEMS
    assert set(parts.sent) == {parts.sent[0]}
    assert paid_once(server.provider, *AT_ITEMS)


async def test_a_file_of_which_only_lines_were_counted_is_read_from_its_beginning(
    opener: Opener, server: ProviderServer
) -> None:
    """As a version did that knew no offsets."""
    server.send = Parts(hangs=True)
    family = Deferring()
    async with asking(opener, server, within=HOUR)(family) as sluice:
        await waiting(sluice, ITEMS)
        await _rounds(sluice, lambda row: row[2] == PART)
        await sluice.sql("UPDATE sluice.provider_batch SET output_offset = 0")
        await _rounds(sluice, lambda row: row[0] == "completed")
        [[read]] = await sluice.sql("SELECT output_read FROM sluice.provider_batch")
    assert read == ITEMS
    assert paid_once(server.provider, *AT_ITEMS)


async def test_a_file_without_end_is_no_progress_without_end(
    opener: Opener, server: ProviderServer
) -> None:
    """Or its batch would never end."""

    def send(content: bytes) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            yield content
            async with asyncio.timeout(PATIENCE):
                while True:
                    yield b"{}\n" * AT_ONCE
                    await asyncio.sleep(0)

        return StreamingResponse(lines())

    server.send = send
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await waiting(sluice, 3)
        stood = await _rounds(sluice, lambda row: row[1] >= 2)
    assert stood[-1] == ("collecting", 2, 3, 0, CUT_OFF)
