"""How a backfill goes on: when a run of it ends, in that transaction, its next partition begins."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine
from app.errors import NotFound
from app.store.planning import backfills
from app.store.statuses import BackfillStatus, PartitionStatus
from app.store.tables.backfills import Backfill
from app.store.tables.runs import Run
from app.workflows.keys import new_id
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.start import start_run

Counts = Mapping[PartitionStatus, int]

log = structlog.get_logger("sluice.backfill")


async def begin_next_partition(
    engine: Engine, families: Mapping[str, BoundFamily], tx: AsyncConnection, run: Run
) -> None:
    """A run has ended: its backfill goes on, if it is of one."""
    if run.backfill_id is not None:
        await advance_backfill(tx, engine, families, run.backfill_id)


async def advance_backfill(
    tx: AsyncConnection, engine: Engine, families: Mapping[str, BoundFamily], backfill_id: str
) -> None:
    """Write down what has ended, begin as many partitions as there is room for, and end the
    backfill when none is left. Safe to repeat.

    The caller may hold rows of runs, and takes none afterwards: ``app.store.planning.backfills``.
    """
    try:
        backfill = await backfills.get(tx, backfill_id, lock=True)
    except NotFound:
        return  # deleted by hand; its runs are ordinary ones
    if backfill.finished_at is not None:
        return
    await backfills.settle(tx, backfill_id)
    counts = (await backfills.counts(tx, [backfill_id]))[backfill_id]
    active, waiting = counts[PartitionStatus.ACTIVE], counts[PartitionStatus.WAITING]
    if active + waiting == 0:
        status = _status(backfill, counts)
        await backfills.set_status(tx, backfill_id, status, ended=True)
        log.info("backfill_ended", backfill=backfill_id, family=backfill.family, status=status)
        return
    bound = families.get(backfill.family)
    room = backfill.max_active - active
    if bound is None or room <= 0 or backfill.status != BackfillStatus.RUNNING:
        return
    for partition in await backfills.waiting(tx, backfill_id, limit=room):
        run = Run(
            id=new_id("run"),
            family=backfill.family,
            version=bound.family.version,
            params=partition.params,
            sealed=backfill.sealed,
            params_version=backfill.params_version,
            force=backfill.force,
            options=backfill.options,
            started_by=backfill.started_by,
            backfill_id=backfill_id,
        )
        await start_run(tx, engine, bound, run)
        await backfills.activate(tx, partition, run.id)


def _status(backfill: Backfill, counts: Counts) -> BackfillStatus:
    if backfill.status == BackfillStatus.CANCELLING:
        return BackfillStatus.CANCELLED
    others = sum(counts.values()) - counts[PartitionStatus.SUCCEEDED]
    if others == 0:
        return BackfillStatus.SUCCEEDED
    failed = counts[PartitionStatus.FAILED] == sum(counts.values())
    return BackfillStatus.FAILED if failed else BackfillStatus.PARTIAL
