"""The run's row: its beginning, its paging, its counters, its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.store.lifecycle import RunStatus, before, require_transition
from app.store.tables import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_ENDED = "(succeeded + skipped + failed + cancelled + timed_out)"

# Hot statements go to the driver as they stand: compiling them costs more than running them.
# `here` locks the run, and is empty when the run does not stand at the page's cursor: then nothing
# is inserted and nothing changes.
_ADVANCE = f"""
    WITH here AS (
        SELECT id,
            CASE WHEN item_limit IS NOT NULL THEN greatest(item_limit - scheduled, 0) END AS room
        FROM run
        WHERE id = $1::text AND status = 'running' AND NOT paged
          AND cursor IS NOT DISTINCT FROM $3::text
        FOR UPDATE
    ), fresh AS (
        INSERT INTO item (run_id, item_id, status)
        SELECT here.id, t.id, 'pending' FROM here, unnest($2::text[]) AS t(id)
        LIMIT (SELECT room FROM here)
        ON CONFLICT DO NOTHING RETURNING item_id
    ), added AS (SELECT count(*) AS n, array_agg(item_id) AS ids FROM fresh)
    UPDATE run
    SET cursor = $4::text, scheduled = scheduled + added.n,
        paged = $5::bool OR coalesce(scheduled + added.n >= item_limit, false),
        held = scheduled + added.n - {_ENDED} >= $6::bigint
    FROM added, here
    WHERE run.id = here.id
    RETURNING held, paged, coalesce(added.ids, '{{}}') AS fresh
"""  # noqa: S608 - no value is pasted in

_ADD = """
    WITH fresh AS (
        INSERT INTO item (run_id, item_id, status)
        SELECT $1::text, id, 'pending' FROM unnest($2::text[]) AS t(id)
        ON CONFLICT DO NOTHING RETURNING 1
    )
    UPDATE run SET scheduled = scheduled + (SELECT count(*) FROM fresh)
    WHERE id = $1::text AND status = 'running'
"""

_COUNT = f"""
    WITH former AS (SELECT id, held FROM run WHERE id = $1::text FOR UPDATE)
    UPDATE run
    SET succeeded = succeeded + $4::bigint, skipped = skipped + $5::bigint,
        failed = failed + $6::bigint, cancelled = cancelled + $7::bigint,
        timed_out = timed_out + $8::bigint, work_ms = work_ms + $2::bigint,
        held = former.held AND NOT paged
           AND scheduled - {_ENDED} - ($4::bigint + $5 + $6 + $7 + $8) >= $3::bigint
    FROM former WHERE run.id = former.id
    RETURNING family, former.held AND NOT run.held AND status = 'running' AS page_due, cursor,
              paged AND scheduled = {_ENDED} AS complete
"""  # noqa: S608
_COUNTED = ("succeeded", "skipped", "failed", "cancelled", "timed_out")  # as $4 to $8

# One statement on one row: however many deliveries find the run complete, one of them ends it.
_FINALISE = f"""
    UPDATE run
    SET finished_at = now(), held = false,
        status = CASE WHEN failed + timed_out = 0 THEN 'succeeded'
                      WHEN succeeded + skipped = 0 THEN 'failed' ELSE 'partial' END
    WHERE id = $1::text AND status = 'running' AND paged AND scheduled = {_ENDED}
    RETURNING status
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Statistics:
    """What layer 1 found. ``exact`` is False where ``to_process`` was extrapolated."""

    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a page did: the ids whose rows are new, whether it was the last one, and if not,
    whether the next one must wait for room."""

    fresh: Sequence[str]
    paged: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """Where a run stands after outcomes were counted.

    ``page_due``: there is room again, and the caller must publish the page after ``cursor``.
    ``complete``: every item has an outcome, and the caller must finalise.
    """

    family: str
    page_due: bool
    cursor: str | None
    complete: bool


async def insert_run(tx: AsyncConnection, run: Run) -> None:
    await tx.execute(insert(_RUN).values(run.model_dump(exclude={"created_at"})))


async def find(tx: AsyncConnection, run_id: str) -> Run | None:
    row = (await tx.execute(select(_RUN).where(_RUN.c.id == run_id))).one_or_none()
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


async def page_of_runs(
    tx: AsyncConnection,
    *,
    family: str | None = None,
    status: RunStatus | None = None,
    started_by: str | None = None,
    before_id: str | None = None,
    limit: int,
) -> list[Run]:
    """The newest first, older than ``before_id``."""
    query = select(_RUN).order_by(_RUN.c.id.desc()).limit(limit)
    if family is not None:
        query = query.where(_RUN.c.family == family)
    if status is not None:
        query = query.where(_RUN.c.status == status)
    if started_by is not None:
        query = query.where(_RUN.c.started_by == started_by)
    if before_id is not None:
        query = query.where(_RUN.c.id < before_id)
    return [_run(row) for row in await tx.execute(query)]


async def item_seconds(tx: AsyncConnection, family: str, *, runs: int = 5) -> float | None:
    """The mean seconds of work per item over the family's latest ended runs; None: no such run."""
    ended = _RUN.c.succeeded + _RUN.c.failed + _RUN.c.timed_out
    latest = (
        select(_RUN.c.work_ms, ended.label("ended"))
        .where(_RUN.c.family == family, _RUN.c.finished_at.is_not(None), ended > 0)
        .order_by(_RUN.c.id.desc())
        .limit(runs)
        .subquery()
    )
    row = (await tx.execute(select(func.sum(latest.c.work_ms), func.sum(latest.c.ended)))).one()
    return None if row[1] is None else float(row[0] / row[1] / 1000)


async def begin(tx: AsyncConnection, run_id: str, statistics: Statistics) -> bool:
    """Record what layer 1 found and set the run going. False: it was no longer pending."""
    return await _leave(
        tx,
        run_id,
        RunStatus.RUNNING,
        {**_found(statistics), "started_at": func.now()},
        only_from=RunStatus.PENDING,
    )


async def end_empty(tx: AsyncConnection, run_id: str, statistics: Statistics, reason: str) -> bool:
    """End a run that has nothing to do. False: it was no longer pending."""
    return await _leave(
        tx,
        run_id,
        RunStatus.SUCCEEDED,
        {
            **_found(statistics),
            "reason": reason,
            "paged": True,
            "started_at": func.now(),
            "finished_at": func.now(),
        },
        only_from=RunStatus.PENDING,
    )


async def advance(
    tx: AsyncConnection,
    run_id: str,
    *,
    cursor: str | None,
    item_ids: Sequence[str],
    next_cursor: str | None,
    last: bool,
    look_ahead: int,
) -> Advanced | None:
    """Add a page's items, up to the run's limit, and move its cursor on to ``next_cursor``.

    None: the run does not stand at ``cursor``, or is not running; nothing was changed.
    """
    values = (run_id, list(item_ids), cursor, next_cursor, last, look_ahead)
    rows = (await tx.exec_driver_sql(_ADVANCE, values)).mappings().all()
    return Advanced(**rows[0]) if rows else None


async def add_items(tx: AsyncConnection, run_id: str, item_ids: Sequence[str]) -> bool:
    """Add items beside the pages. False: the run is not running, and the caller must roll back."""
    done = await tx.exec_driver_sql(_ADD, (run_id, list(item_ids)))
    return done.rowcount == 1


async def move_cursor(tx: AsyncConnection, run_id: str, cursor: str | None) -> bool:
    """Let a running run's paging go on from ``cursor``; what was scheduled stays scheduled.

    False: the run is not running.
    """
    done = await tx.execute(
        update(_RUN)
        .where(_RUN.c.id == run_id, _RUN.c.status == RunStatus.RUNNING)
        .values(cursor=cursor, paged=False, held=False)
    )
    return done.rowcount == 1


async def count(
    tx: AsyncConnection,
    run_id: str,
    outcomes: dict[str, int],
    *,
    work_ms: int,
    look_ahead: int,
) -> Counted:
    """Add outcomes, by status, to the run's counters."""
    values = (run_id, work_ms, look_ahead, *(outcomes.get(status, 0) for status in _COUNTED))
    row = (await tx.exec_driver_sql(_COUNT, values)).mappings().one()
    return Counted(**row)


async def finalise(tx: AsyncConnection, run_id: str) -> RunStatus | None:
    """End the run if it is complete and nobody has ended it yet; None: not so."""
    status = (await tx.exec_driver_sql(_FINALISE, (run_id,))).scalar_one_or_none()
    return None if status is None else RunStatus(status)


async def fail(tx: AsyncConnection, run_id: str, reason: str) -> bool:
    """A layer gave up. False: the run had ended, or may not fail from where it stands."""
    return await _leave(
        tx, run_id, RunStatus.FAILED, {"reason": reason, "finished_at": func.now(), "held": False}
    )


async def transition(tx: AsyncConnection, run_id: str, target: RunStatus) -> None:
    """
    Raises:
        NotFound: no such run.
        InvalidTransition: the lifecycle has no such edge from where the run stands.
    """
    while not await _leave(tx, run_id, target, {}):
        # It may have moved to where the edge begins in between: then we try again.
        run = await get(tx, run_id)
        require_transition(run_id, RunStatus(run.status), target)


async def _leave(
    tx: AsyncConnection,
    run_id: str,
    target: RunStatus,
    values: dict[str, object],
    *,
    only_from: RunStatus | None = None,
) -> bool:
    allowed = before(target) if only_from is None else {only_from} & before(target)
    done = await tx.execute(
        update(_RUN)
        .where(_RUN.c.id == run_id, _RUN.c.status.in_(allowed))
        .values(status=target, **values)
    )
    return done.rowcount == 1


def _found(statistics: Statistics) -> dict[str, object]:
    return {
        "total_eligible": statistics.total_eligible,
        "to_process": statistics.to_process,
        "already_processed": statistics.already_processed,
        "exact": statistics.exact,
    }


def _run(row: Row[tuple[object, ...]]) -> Run:
    return Run(**row._mapping)
