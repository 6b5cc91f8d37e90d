"""Looks at the throttles of all families, beside the watchdog: one worker for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from app.connections.faults import Fault
from app.workflows.throttles.looks import ThrottleLooks
from app.workflows.worker.background import cancel_and_wait

LOOK_EVERY = 0.5
"""Seconds between two questions whose look is due; they go to the database alone."""

log = structlog.get_logger("sluice.throttle")


@dataclass(frozen=True, slots=True)
class ThrottleWatch:
    looks: ThrottleLooks

    async def run(self) -> None:
        """Look until cancelled. Returns at once if no family has a throttle."""
        fault = Fault(log, "throttle_stumbled")
        looking: dict[str, asyncio.Task[None]] = {}
        try:
            while self.looks.families:
                try:
                    known = self.looks.looked.copy()
                    for family in await self.looks.due():
                        # A check that is slow keeps no other family from being looked at.
                        if family not in looking:
                            look = self.looks.look(family, known=known[family])
                            looking[family] = asyncio.create_task(look)
                    for family in [name for name, task in looking.items() if task.done()]:
                        looking.pop(family).result()
                    fault.over()
                except Exception as error:  # noqa: BLE001 - the next look tries again
                    fault.seen(error)
                await asyncio.sleep(LOOK_EVERY)
        finally:
            await cancel_and_wait(looking.values())
