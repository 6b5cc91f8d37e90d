"""The run's row: its beginning, its paging, its counters, its end."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.store.lifecycle import RunStatus, before, require_transition
from app.store.tables import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
ENDED_ITEMS = "(succeeded + skipped + failed + cancelled + timed_out)"
"""SQL: how many items of a run have an outcome."""

# Hot statements go to the driver as they stand: compiling them costs more than running them.
_COUNT = f"""
    WITH former AS (SELECT id, held FROM run WHERE id = $1::text FOR UPDATE)
    UPDATE run
    SET succeeded = succeeded + $4::bigint, skipped = skipped + $5::bigint,
        failed = failed + $6::bigint, cancelled = cancelled + $7::bigint,
        timed_out = timed_out + $8::bigint, work_ms = work_ms + $2::bigint,
        held = former.held AND NOT paged
           AND scheduled - {ENDED_ITEMS} - ($4::bigint + $5 + $6 + $7 + $8) >= $3::bigint
    FROM former WHERE run.id = former.id
    RETURNING family, former.held AND NOT run.held AND status = 'running' AS page_due, cursor,
              paged AND scheduled = {ENDED_ITEMS} AS complete
"""  # noqa: S608
_COUNTED = ("succeeded", "skipped", "failed", "cancelled", "timed_out")  # as $4 to $8

# One statement on one row: however many deliveries find the run complete, one of them ends it.
_FINALISE = f"""
    UPDATE run
    SET finished_at = now(), held = false,
        status = CASE WHEN failed + timed_out = 0 THEN 'succeeded'
                      WHEN succeeded + skipped = 0 THEN 'failed' ELSE 'partial' END
    WHERE id = $1::text AND status = 'running' AND paged AND scheduled = {ENDED_ITEMS}
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
