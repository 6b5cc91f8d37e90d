"""Runs that do not go on because nobody knows their family: told on their row and by an event."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.runs import events
from app.store.statuses import FAMILY_GONE, EventKind, RunStatus
from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so


async def tell(tx: AsyncConnection, run_id: str, detail: str) -> bool:
    """False: it was told, or the run has ended or is paused meanwhile."""
    goes_on = _RUN.c.status.in_((RunStatus.PENDING, RunStatus.RUNNING, RunStatus.CANCELLING))
    told = await tx.execute(
        update(_RUN)
        .where(_RUN.c.id == run_id, goes_on, _RUN.c.reason.is_distinct_from(FAMILY_GONE))
        .values(reason=FAMILY_GONE, detail=detail)
    )
    if told.rowcount != 1:
        return False
    await events.append(tx, run_id, EventKind.FAMILY_GONE, detail=detail)
    return True


async def take_back(tx: AsyncConnection, run_id: str) -> bool:
    """The family is known again. False: nothing was told."""
    cleared = await tx.execute(
        update(_RUN)
        .where(_RUN.c.id == run_id, _RUN.c.reason == FAMILY_GONE)
        .values(reason=None, detail=None)
    )
    if cleared.rowcount != 1:
        return False
    await events.append(tx, run_id, EventKind.FAMILY_BACK)
    return True
