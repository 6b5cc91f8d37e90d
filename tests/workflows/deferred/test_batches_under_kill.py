"""Whoever looks after a batch is killed, at each of its calls and before or after they have an
effect: every item gets its answer, and no request is paid for twice."""

from __future__ import annotations

import asyncio

import pytest

from app.cli.demo.batches.provider_server import ProviderServer
from app.workflows.deferred.reply_writer import AT_ONCE
from tests.support.control import control
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import worker_process
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import MANY, Deferring, asking, begun, paid_once
from tests.workflows.deferred.killer import CANCEL, CREATE, LOOK, READ, UPLOAD, Killer, Stuck

pytestmark = pytest.mark.slow

MODULE = "tests.workflows.deferred.asking_process"
ITEMS = 12
ITEMS_MANY = AT_ONCE + 20
SOME = "SELECT id FROM sluice.provider_batch WHERE output_read = :some AND done = :some"


async def _played(
    opener: Opener, server: ProviderServer, killer: Killer, users: int = ITEMS
) -> None:
    family, prefix = Deferring(), opener.settings.redis_prefix
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(users)
        run_id = await sluice.start()
        async with worker_process(
            opener.urls, prefix, fatal=server.url, module=MODULE
        ) as killer.victim:
            async with asyncio.timeout(PATIENCE):
                await killer.struck.wait()
        async with worker_process(opener.urls, prefix, fatal=server.url, module=MODULE):
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
        assert run.succeeded == users
        assert paid_once(server.provider, *(row.item_id for row in rows))
        assert await _left(sluice) == (0, 0)
        tokens = sum(len(row.item_id) for row in rows)
        assert run.spent_tokens == tokens


async def _left(sluice: Sluice) -> tuple[int, int]:
    [row] = await sluice.sql(
        "SELECT (SELECT count(*) FROM sluice.deferred_call),"
        " (SELECT count(*) FROM sluice.provider_batch WHERE ended_at IS NULL)"
    )
    return row[0], row[1]


@pytest.mark.parametrize("call", [UPLOAD, CREATE, LOOK, READ])
async def test_killed_before_a_call_has_an_effect(
    opener: Opener, server: ProviderServer, call: str
) -> None:
    server.before = killer = Killer(call)
    await _played(opener, server, killer)


@pytest.mark.parametrize("call", [UPLOAD, CREATE, LOOK, READ])
@pytest.mark.parametrize("hidden", [0.0, 1.5], ids=["shown", "hidden"])
async def test_killed_after_a_call_had_its_effect(
    opener: Opener, server: ProviderServer, call: str, hidden: float
) -> None:
    """``hidden``: the provider's lists do not show at once what was made."""
    server.provider.hidden = hidden
    server.after = killer = Killer(call)
    await _played(opener, server, killer)
    assert len(server.provider.batches) == server.calls.count(CREATE)


@pytest.mark.parametrize("heard", [False, True], ids=["unheard", "heard"])
async def test_killed_at_the_cancel_of_a_batch_for_which_nobody_waits(
    opener: Opener, server: ProviderServer, *, heard: bool
) -> None:
    killer = Killer(CANCEL)
    setattr(server, "after" if heard else "before", killer)
    server.provider.pace = 1_000.0
    prefix = opener.settings.redis_prefix
    async with asking(opener, server)(Deferring()) as sluice:
        await sluice.add_users(ITEMS)
        run_id = await sluice.start()
        async with worker_process(
            opener.urls, prefix, fatal=server.url, module=MODULE
        ) as killer.victim:
            async with asyncio.timeout(PATIENCE):
                await begun(sluice, run_id, ITEMS)
                while (await _left(sluice))[1] == 0:
                    await asyncio.sleep(0.02)
            await control(sluice, "cancel", run_id)
            async with asyncio.timeout(PATIENCE):
                await killer.struck.wait()
        async with worker_process(opener.urls, prefix, fatal=server.url, module=MODULE):
            run = await sluice.ended(run_id)
            async with asyncio.timeout(PATIENCE):
                while not server.provider.cancels:
                    await asyncio.sleep(0.02)
                server.provider.pace = 0.01
                while await _left(sluice) != (0, 0):
                    await asyncio.sleep(0.02)
        assert_exact(run, await sluice.items(run_id))
    assert (run.status, run.cancelled) == ("cancelled", ITEMS)
    assert {batch.status for batch in server.provider.batches.values()} == {"cancelled"}
    assert not server.provider.paid


async def test_killed_amid_the_answers_goes_on_behind_those_that_are_written(
    opener: Opener, server: ProviderServer
) -> None:
    server.after = stuck = Stuck(server.provider, AT_ONCE + 5)
    family, prefix = Deferring(), opener.settings.redis_prefix
    async with asking(opener, server, size=ITEMS_MANY)(family) as sluice:
        await sluice.add_users(ITEMS_MANY)
        run_id = await sluice.start()
        async with worker_process(
            opener.urls, prefix, fatal=MANY + server.url, module=MODULE
        ) as one:
            async with asyncio.timeout(PATIENCE):
                while not await sluice.sql(SOME, some=AT_ONCE):
                    await asyncio.sleep(0.02)
            await one.kill()
        stuck.goes.set()
        async with worker_process(opener.urls, prefix, fatal=MANY + server.url, module=MODULE):
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
        assert run.succeeded == ITEMS_MANY
        assert paid_once(server.provider, *(row.item_id for row in rows))
        assert await _left(sluice) == (0, 0)
        assert run.spent_tokens == sum(len(row.item_id) for row in rows)
