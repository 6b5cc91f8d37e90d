"""What ``sluice qstash setup`` sets up reaches a service that is up."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from app.cli.qstash.account import SCHEDULE
from tests.cli.command import Sluice
from tests.qstash.called_service import CallSeen, called_service
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener


async def test_qstash_calls_the_tick_signed_and_is_answered(opener: Opener, tmp_path: Path) -> None:
    async with called_service(opener, Recording(), speed=60.0) as called:
        env = {
            **os.environ,
            **called.qstash.variables,
            "SLUICE_ENGINE": "qstash",
            "SLUICE_DATA_DIR": str(tmp_path),
            "APP_URL": called.url,
        }
        made = await asyncio.to_thread(Sluice(env).run, "qstash", "setup")
        assert made.stdout.startswith(f"Made the schedule {SCHEDULE}: QStash calls {called.url}/")
        async with asyncio.timeout(PATIENCE):
            while not called.seen:
                await asyncio.sleep(0.05)
        called.qstash.parts.schedules.remove(SCHEDULE)
        await called.qstash.settled()
    assert set(called.seen) == {CallSeen("/api/qstash/tick", 200)}
