"""The run's row: made, found and counted. How it changes its status: ``transitions``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, bindparam, case, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.errors import NotFound
from app.store.statuses import FAMILY_GONE, RunStatus
from app.store.tables.base import columns_of
from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
ENDED_ITEMS = "(succeeded + skipped + failed + cancelled + timed_out)"
"""SQL: how many items of a run have an outcome."""
OUTSTANDING = f"(scheduled - suspended - {ENDED_ITEMS})"
"""SQL: how many items of a run wait for a worker, or are at work."""


# Made once: to put a statement together takes as long as to run it.
_INSERT = insert(_RUN)
# As text: pages of partitions and whoever changes a run take it often.
_LOCK = "SELECT status FROM sluice.run WHERE id = $1::text FOR UPDATE"
_FIND = select(_RUN).where(_RUN.c.id == bindparam("run_id"))
_FIND_ACTIVE = _FIND.add_columns(
    func.coalesce(func.extract("epoch", func.now() - _RUN.c.active_since), 0).label(
        "active_seconds"
    )
)
_LATEST = text(f"""
    SELECT {columns_of(_RUN, "run")} FROM unnest(CAST(:families AS text[])) AS f(name)
    CROSS JOIN LATERAL (
        SELECT * FROM sluice.run WHERE family = f.name AND parent_run IS NULL
        ORDER BY id DESC LIMIT 1
    ) AS run
""")  # noqa: S608 - no value is pasted in


@dataclass(frozen=True, slots=True)
class Statistics:
    """What layer 1 found, under the names of the run's columns. ``exact`` is False where
    ``to_process`` was extrapolated, and ``to_overwrite_exact`` where ``to_overwrite`` was: how many
    of those to process have a result. ``stale``: how many of the eligible have one of another
    version of the family, which counts no more. None: nobody looked, or nobody can tell."""

    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    exact: bool = True
    to_overwrite: int | None = None
    to_overwrite_exact: bool = True
    stale: int | None = None


async def insert_run(tx: AsyncConnection, run: Run) -> None:
    await tx.execute(_INSERT, run.model_dump(exclude={"created_at"}))


async def find(tx: AsyncConnection, run_id: str) -> Run | None:
    row = (await tx.execute(_FIND, {"run_id": run_id})).one_or_none()
    return None if row is None else _run(row)


async def get(tx: AsyncConnection, run_id: str) -> Run:
    """
    Raises:
        NotFound: no run has this id.
    """
    run = await find(tx, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}. GET /api/runs lists them.", field="runId")
    return run


async def get_now(tx: AsyncConnection, run_id: str) -> tuple[datetime, Run]:
    """The run, and the moment at which it stood so, by the clock of the database.

    Raises:
        NotFound: no run has this id.
    """
    run = await get(tx, run_id)
    return (await tx.scalars(select(func.clock_timestamp()))).one(), run


async def statuses(
    tx: AsyncConnection, run_ids: Collection[str], *, lock: bool = False, share: bool = False
) -> dict[str, RunStatus]:
    """
    Args:
        lock: until the end of ``tx`` nobody changes them.
        share: the same, and others may look at them likewise.
    """
    query = select(_RUN.c.id, _RUN.c.status).where(_RUN.c.id.in_(run_ids)).order_by(_RUN.c.id)
    rows = await tx.execute(query.with_for_update(read=share) if lock or share else query)
    return {row[0]: RunStatus(row[1]) for row in rows}


async def find_active(tx: AsyncConnection, run_id: str) -> tuple[Run, float] | None:
    """The run, and for how many seconds it has been running since it began or was resumed: by the
    clock of the database, because those of workers differ."""
    row = (await tx.execute(_FIND_ACTIVE, {"run_id": run_id})).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    active = float(values.pop("active_seconds"))
    return Run(**values), active


async def active_children(tx: AsyncConnection, run_id: str, *, finish: bool = True) -> list[str]:
    """Ids of runs that a step of this one waits for.

    Args:
        finish: and that of its ``finish``.
    """
    query = select(_RUN.c.id).where(_RUN.c.parent_run == run_id, _RUN.c.finished_at.is_(None))
    if not finish:
        query = query.where(_RUN.c.parent_item.is_not(None))
    return list((await tx.scalars(query)).all())


async def whole_of(tx: AsyncConnection, run_id: str) -> str:
    """The run itself, or, of a finish, the one that it is a part of."""
    query = select(
        func.coalesce(case((_RUN.c.parent_item.is_(None), _RUN.c.parent_run)), _RUN.c.id)
    )
    return str((await tx.scalars(query.where(_RUN.c.id == run_id))).one())


async def last_finish(tx: AsyncConnection, run_id: str) -> Run | None:
    """The latest run that is this one's ``finish``."""
    query = select(_RUN).where(_RUN.c.parent_run == run_id, _RUN.c.parent_item.is_(None))
    row = (await tx.execute(query.order_by(_RUN.c.id.desc()).limit(1))).one_or_none()
    return None if row is None else _run(row)


async def lock(tx: AsyncConnection, run_id: str) -> RunStatus | None:
    """Nobody changes the run, or writes an event of it, until the end of ``tx``. None: it is not
    there."""
    found = await fetch_raw(tx, _LOCK, run_id)
    return RunStatus(found[0][0]) if found else None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """How a run stands that has not ended. Equal twice: it did not move in between."""

    run_id: str
    family: str
    status: RunStatus
    waiting: bool
    overdue: bool
    cursor: str | None
    scheduled: int
    suspended: int
    ended: int
    active_since: datetime | None
    stranded: bool
    """It was told that nobody knows its family."""


async def unfinished(tx: AsyncConnection, *, limit: int = 10_000) -> list[Unfinished]:
    """Runs that have not ended and are not paused, the oldest first."""
    rows = await tx.execute(
        text(f"""
            SELECT id, family, status, stage = 'waiting' AND status = 'pending' AS waiting,
                   status = 'running' AND coalesce(deadline_at < now(), false) AS overdue,
                   cursor, scheduled, suspended, {ENDED_ITEMS} AS ended, active_since,
                   coalesce(reason = '{FAMILY_GONE}', false) AS stranded
            FROM sluice.run WHERE finished_at IS NULL AND status <> 'paused'
            ORDER BY id LIMIT :limit
        """),  # noqa: S608
        {"limit": limit},
    )
    return [Unfinished(row[0], row[1], RunStatus(row[2]), *row[3:]) for row in rows]


async def page_of_runs(
    tx: AsyncConnection,
    *,
    family: str | None = None,
    status: RunStatus | None = None,
    started_by: str | None = None,
    retry_of: str | None = None,
    parent: str | None = None,
    follows: str | None = None,
    backfill: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: str | None = None,
    limit: int,
) -> list[Run]:
    """The newest first, older than ``before_id``.

    Args:
        parent: the children of this one; None: those that are nobody's.
        follows: those that this one, or something of it, has begun.
        since, until: created at the first or later, and before the second.
    """
    query = select(_RUN).where(_RUN.c.parent_run.is_not_distinct_from(parent))
    query = query.order_by(_RUN.c.id.desc()).limit(limit)
    if family is not None:
        query = query.where(_RUN.c.family == family)
    if status is not None:
        query = query.where(_RUN.c.status == status)
    if started_by is not None:
        query = query.where(_RUN.c.started_by == started_by)
    if retry_of is not None:
        query = query.where(_RUN.c.retry_of == retry_of)
    if follows is not None:
        query = query.where(_RUN.c.follows == follows)
    if backfill is not None:
        query = query.where(_RUN.c.backfill_id == backfill)
    if since is not None:
        query = query.where(_RUN.c.created_at >= since)
    if until is not None:
        query = query.where(_RUN.c.created_at < until)
    if before_id is not None:
        query = query.where(_RUN.c.id < before_id)
    return [_run(row) for row in await tx.execute(query)]


async def latest(tx: AsyncConnection, families: Collection[str]) -> dict[str, Run]:
    """The newest run of each that is no step's child; a family that has none is left out."""
    rows = await tx.execute(_LATEST, {"families": list(families)})
    return {row.family: _run(row) for row in rows}


def _run(row: Row[tuple[object, ...]]) -> Run:
    return Run(**row._mapping)
