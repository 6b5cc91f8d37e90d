"""Deletes what is old once a day, beside the watchdog, which must not stand still meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.faults import Fault
from app.store import retention
from app.store.items import item_lists, memory_retention
from app.workflows.registry.bound_family import BoundFamily

EVERY = timedelta(days=1)
AGAIN_AFTER = 60.0
"""Seconds, when it was cut off."""
RESTS = 4.0
"""A fifth of the time it deletes: at full speed it took four tenths of a busy worker's rate on two
cores (``make bench ROW=old``), and there is a whole day for it."""

log = structlog.get_logger("sluice.retention")


@dataclass(frozen=True, slots=True)
class RetentionLoop:
    """For the one worker that watches.

    Args:
        keep: ended runs and batches are deleted after so long, and what was told of runs; None:
            they are kept.
        keep_audit: likewise what was done to flow keys, schedules, backfills and targets.
        keep_events: events are deleted after so long, and what they started.
        remembered: for how long each family remembers what has a result; None: for good.
    """

    database: AsyncEngine
    keep: timedelta | None
    keep_audit: timedelta | None
    keep_events: timedelta
    remembered: Mapping[str, timedelta | None]

    @classmethod
    def of(
        cls,
        database: AsyncEngine,
        families: Mapping[str, BoundFamily],
        *,
        days: int,
        audit_days: int,
        event_days: int,
    ) -> RetentionLoop:
        """As settings say it: 0 for good."""
        remembered = {
            name: bound.memory.within
            for name, bound in families.items()
            if bound.memory is not None
        }
        kept = timedelta(days=event_days)
        return cls(database, _days(days), _days(audit_days), kept, remembered)

    async def run(self) -> None:
        """Until cancelled."""
        fault = Fault(log, "retention_stumbled")
        while True:
            try:
                await self.prune()
                fault.over()
            except Exception as error:  # noqa: BLE001 - what is left is found by the next one
                fault.seen(error)
                await asyncio.sleep(AGAIN_AFTER)
            else:
                await asyncio.sleep(EVERY.total_seconds())

    async def prune(self) -> None:
        if self.keep is not None:
            await retention.prune(self.database, self.keep, rests=RESTS)
            await retention.prune_notifications(self.database, self.keep)
            await retention.prune_batches(self.database, self.keep)
        if self.keep_audit is not None:
            await retention.prune_audit(self.database, self.keep_audit)
        await retention.prune_events(self.database, self.keep_events)
        await item_lists.prune(self.database)
        await retention.prune_keys(self.database)
        # Last, because it goes through what is not to be deleted, too, and a tick is cut off.
        await memory_retention.prune_memories(
            self.database, self.remembered, every=EVERY, rests=RESTS
        )


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None
