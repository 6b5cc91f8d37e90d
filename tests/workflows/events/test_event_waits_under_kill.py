"""Whoever dies, and whenever: each item that waits has its events, each once. Real processes, which
are really gone."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.patience import PATIENCE
from tests.support.processes.sender_process import sender_process
from tests.support.processes.worker_process import EVIDENCE, worker_process
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.events.invoice_process import TracedWaiting

pytestmark = pytest.mark.slow

PROCESS = "tests.workflows.events.invoice_process"
ITEMS = 150
EVENTS = 2 * ITEMS


async def _reached(sluice: Sluice, number: int, statement: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await sluice.sql(statement))[0][0] < number:
            await asyncio.sleep(0.002)


async def test_who_sends_and_who_waits_may_be_killed(opener: Opener) -> None:
    prefix = opener.settings.redis_prefix
    async with opener(TracedWaiting()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(ITEMS)
        run_id = await sluice.start()
        done = "SELECT count(*) FROM sluice.step WHERE status = 'done'"
        sent = "SELECT count(*) FROM sluice.event"
        begun = "SELECT count(*) FROM sluice.step"
        # At each stage somebody dies amid what they do: the worker while waits begin and while they
        # end, the sender in a call.
        for stage, (whose, statement) in enumerate(
            [(True, begun), (False, sent), (True, done), (False, done), (True, sent)], start=1
        ):
            async with (
                worker_process(opener.urls, prefix, module=PROCESS) as worker,
                sender_process(opener, PROCESS, EVENTS) as sender,
            ):
                await _reached(sluice, 20 * stage, statement)
                if whose:
                    await worker.kill()
                else:
                    sender.kill()
                    await sender.wait()
        async with worker_process(opener.urls, prefix, module=PROCESS):
            async with sender_process(opener, PROCESS, EVENTS) as last, asyncio.timeout(PATIENCE):
                assert await last.wait() == 0
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
        [[events, woke, steps]] = await sluice.sql(
            "SELECT (SELECT count(*) FROM sluice.event), (SELECT sum(woke) FROM sluice.event),"
            " (SELECT count(*) FROM sluice.step WHERE status = 'done')"
        )
    assert (run.status, run.succeeded) == ("succeeded", ITEMS)
    assert (events, woke, steps) == (EVENTS, EVENTS, EVENTS)
