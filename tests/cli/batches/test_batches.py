"""``sluice batches``, as processes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import provider_server
from tests.cli.command import Commanding, wait_for
from tests.support.service import Opener
from tests.workflows.deferred.asking import Deferring, asking, begun


async def test_the_command_line_says_how_far_batches_are(
    opener: Opener, commanding: Commanding, no_proxy: None
) -> None:
    async with (
        provider_server(LocalProvider()) as server,
        asking(opener, server)(Deferring()) as sluice,
        commanding(sluice) as command,
    ):
        assert "No batch was sent to a provider." in await command.says("batches")
        assert (await sluice.played(2)).succeeded == 2
        said = " ".join((await command.says("batches")).split())
        assert "llm small-1" in said
        assert "completed" in said
        assert "No batch was sent" in await command.says("batches", "--open")


async def test_whoever_watches_is_led_to_the_batches_where_all_that_is_left_waits_for_one(
    opener: Opener, commanding: Commanding, no_proxy: None, tmp_path: Path
) -> None:
    never = timedelta(hours=1)
    async with (
        provider_server(LocalProvider()) as server,
        asking(opener, server, within=never)(Deferring()) as sluice,
        commanding(sluice) as command,
    ):
        await sluice.add_users(2)
        run_id, log = await sluice.start(), tmp_path / "log"
        async with sluice.worker():
            await begun(sluice, run_id, 2)
            watching = command.sluice.start("watch", run_id, log=log)
            try:
                said = "What is left waits, some for a provider's batch. See:"
                await asyncio.to_thread(wait_for, said, log, watching)
            finally:
                watching.kill()
                watching.wait()
            await sluice.service.api.control.cancel(run_id, by="test")
            await sluice.ended(run_id)
    assert " batches --open\n" in log.read_text()
