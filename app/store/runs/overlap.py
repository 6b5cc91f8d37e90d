"""Which runs of a family are under way, and which one comes next."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config.priorities import ORDINARY
from app.store.statuses import RunStage, RunStatus
from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_BESIDE = (
    _RUN.c.parent_run.is_not(None) | _RUN.c.backfill_id.is_not(None) | _RUN.c.entity.is_not(None)
)
"""Begun by a step of another run, or by a backfill, or for an entity that its caller handed over:
however many are under way beside it."""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('sluice.family:' || :family, 0))")
_WAITING = (_RUN.c.stage == RunStage.WAITING) & (_RUN.c.status == RunStatus.PENDING)
_ACTIVE = (
    select(_RUN.c.id, _RUN.c.status)
    .where(_RUN.c.family == bindparam("family"), _RUN.c.finished_at.is_(None), ~_WAITING, ~_BESIDE)
    .order_by(_RUN.c.id)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class ActiveRun:
    run_id: str
    status: RunStatus


async def lock(tx: AsyncConnection, family: str) -> None:
    """Let nobody else start a run of this family, or begin the next one, until the end of
    ``tx``."""
    await tx.execute(_LOCK, {"family": family})


async def active(tx: AsyncConnection, family: str) -> ActiveRun | None:
    """The oldest run of the family that has not ended and does not merely wait."""
    row = (await tx.execute(_ACTIVE, {"family": family})).one_or_none()
    return None if row is None else ActiveRun(row[0], RunStatus(row[1]))


async def take_next(tx: AsyncConnection, family: str) -> tuple[str, int] | None:
    """Let the oldest waiting run of the family be next, unless one is active. Returns its id and
    its priority.

    One that was paused while it waited keeps its place: those behind it wait for its resume.
    """
    await lock(tx, family)
    in_line = (
        select(_RUN.c.id)
        .where(_RUN.c.family == family, _RUN.c.finished_at.is_(None), ~_BESIDE)
        .order_by(_RUN.c.stage == RunStage.WAITING, _RUN.c.id)  # who does not wait comes first
        .limit(1)
        .scalar_subquery()
    )
    taken = await tx.execute(
        update(_RUN)
        .where(_RUN.c.id == in_line, _WAITING)
        .values(stage=RunStage.FULL)
        .returning(_RUN.c.id, _RUN.c.options)
    )
    row = taken.one_or_none()
    return None if row is None else (row.id, row.options.get("priority", ORDINARY))
