"""A call to a provider that takes longer than a tick has for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Response

from app.cli.demo.batches.provider_server import ProviderServer
from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.remote_batch import RemoteFile
from app.workflows.deferred.postponement import CUT_OFF
from app.workflows.deferred.reply_writer import AT_ONCE
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.deferred.asking import Deferring, asking, paid_once, request, waiting
from tests.workflows.deferred.killer import UPLOAD, Stuck

HOUR = timedelta(hours=1)
SHORT = 1.0
"""Seconds of a tick: shorter than the time limit of a call."""
BATCHES = "SELECT state, tries, error FROM sluice.provider_batch ORDER BY id"


class Hangs:
    """Does not answer the first call that begins so, until it ``goes``."""

    def __init__(self, call: str) -> None:
        self.call = call
        self.heard = asyncio.Event()
        self.goes = asyncio.Event()

    async def __call__(self, call: str) -> Response | None:
        if call.startswith(self.call) and not self.heard.is_set():
            self.heard.set()
            await self.goes.wait()
        return None


def _of_two_models(item: str) -> dict[str, Any]:
    return request(item, model=f"small-{item}")


async def test_it_counts_as_one_that_failed_and_what_is_due_behind_has_its_turn(
    opener: Opener, server: ProviderServer
) -> None:
    hangs = Hangs(UPLOAD)
    server.before = hangs
    server.provider.pace = HOUR.total_seconds()  # it has not ended when it is looked at at once
    family = Deferring(_of_two_models)
    async with asking(opener, server, within=HOUR, poll=HOUR)(family) as sluice:
        await waiting(sluice, 2)
        collector = sluice.service.api.batches.collector
        async with asyncio.timeout(PATIENCE):
            while not hangs.heard.is_set():
                await collector.round(SHORT)
        rows = [tuple(row) for row in await sluice.sql(BATCHES)]
        assert rows == [("assigned", 1, CUT_OFF), ("assigned", 0, None)]
        await collector.round(PATIENCE)
        rows = [tuple(row) for row in await sluice.sql(BATCHES)]
        assert rows == [("assigned", 1, CUT_OFF), ("submitted", 0, None)]
        hangs.goes.set()


async def test_a_worker_that_stops_amid_a_call_says_nothing_of_the_provider(
    opener: Opener, server: ProviderServer
) -> None:
    hangs = Hangs(UPLOAD)
    server.before = hangs
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            await hangs.heard.wait()
        [[state, tries, error]] = await sluice.sql(BATCHES)
        assert (state, tries, error) == ("assigned", 0, None)
        hangs.goes.set()
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 1
    assert paid_once(server.provider, *family.results)


async def test_a_file_that_was_read_in_part_is_no_failure(
    opener: Opener, server: ProviderServer
) -> None:
    stuck = Stuck(server.provider, AT_ONCE)
    server.before = stuck
    items = AT_ONCE + 5
    family = Deferring()
    async with asking(opener, server, within=HOUR)(family) as sluice:
        await waiting(sluice, items)
        collector = sluice.service.api.batches.collector
        async with asyncio.timeout(PATIENCE):
            while not await sluice.sql("SELECT 1 FROM sluice.provider_batch WHERE output_read > 0"):
                await collector.round(SHORT)
        assert [tuple(row) for row in await sluice.sql(BATCHES)] == [("collecting", 0, None)]
        await collector.round(SHORT)
        [[state, tries, error]] = await sluice.sql(BATCHES)
        assert (state, tries, error) == ("collecting", 1, CUT_OFF)
        stuck.goes.set()


class Broken(BatchEndpoint):
    async def upload(self, *_: object) -> RemoteFile:
        raise Broke


class Broke(Exception):
    pass


async def test_where_a_look_fails_those_that_wait_for_absent_providers_are_told_all_the_same(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server, within=HOUR)(Deferring()) as sluice:
        await waiting(sluice, 3)
        for item in (1, 2):
            await sluice.sql(
                "UPDATE sluice.deferred_call SET provider = :name WHERE item_id = :item",
                name=f"other-{item}",
                item=f"u{item:05}",
            )
        broken = Broken(server.url, server.key)
        collector = replace(sluice.service.api.batches.collector, providers={"llm": broken})
        try:
            with pytest.raises(Broke):
                await collector.round(PATIENCE)
        finally:
            await broken.aclose()
        errors = await sluice.sql("SELECT error FROM sluice.provider_batch WHERE provider <> 'llm'")
    assert [row[0] is not None for row in errors] == [True, True]
