"""Why a run does not go on while one of its layers is tried again and again: on its row for as long
as it lasts, and once for each kind of trouble as an event."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.runs import events
from app.store.statuses import RETRYING, EventKind, RunStatus
from app.store.tables.runs import Run, RunEvent

MOST_EVENTS = 20
"""Of one run: an error whose text differs each time must not fill its history."""

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_EVENT = RunEvent.__table__  # type: ignore[attr-defined]


async def tell(tx: AsyncConnection, run_id: str, detail: str, group: str) -> None:
    """
    Args:
        group: what is the same each time: of one group there is one event.
    """
    goes_on = _RUN.c.status.in_((RunStatus.PENDING, RunStatus.RUNNING))
    told = await tx.execute(
        update(_RUN).where(_RUN.c.id == run_id, goes_on).values(reason=RETRYING, detail=detail)
    )
    if told.rowcount != 1:
        return
    former = select(_EVENT.c.data["group"].astext).where(
        _EVENT.c.run_id == run_id, _EVENT.c.kind == EventKind.RETRYING
    )
    groups = list((await tx.scalars(former.limit(MOST_EVENTS))).all())
    if group not in groups and len(groups) < MOST_EVENTS:
        data = {"group": group}
        await events.append(tx, run_id, EventKind.RETRYING, detail=detail, data=data)
    else:
        await events.wake(tx, run_id)
