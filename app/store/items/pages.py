"""How a run's items come to be: page by page, or named one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, literal_column, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.arrays import joined, split
from app.connections.driver import fetch_raw
from app.store.runs import runs
from app.store.runs.runs import OUTSTANDING
from app.store.statuses import RETRYING, RunStage, RunStatus
from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so

# `here` locks the run, and is empty when the run does not stand at the page's cursor or has no
# room: then nothing is inserted and nothing changes. An item that is there already, of a canary or
# of an earlier page, takes none of the room.
_ADVANCE = f"""
    WITH here AS (
        SELECT id,
            CASE WHEN item_limit IS NOT NULL THEN greatest(item_limit - scheduled, 0) END AS room
        FROM sluice.run
        WHERE id = $1::text AND status = 'running' AND stage = 'full' AND NOT paged AND NOT held
          AND cursor IS NOT DISTINCT FROM $3::text
        FOR UPDATE
    ), fresh AS (
        INSERT INTO sluice.item (run_id, item_id, status)
        SELECT here.id, t.id, 'pending' FROM here, unnest({split(2)}) AS t(id)
        WHERE room IS NULL OR NOT EXISTS (
            SELECT FROM sluice.item WHERE item.run_id = here.id AND item.item_id = t.id
        )
        LIMIT (SELECT room FROM here)
        ON CONFLICT DO NOTHING RETURNING item_id
    ), added AS (SELECT count(*) AS n, array_agg(item_id) AS ids FROM fresh)
    UPDATE sluice.run
    SET cursor = $4::text, scheduled = scheduled + added.n,
        paged = $5::bool OR coalesce(scheduled + added.n >= item_limit, false),
        held = {OUTSTANDING} + added.n >= $6::bigint,
        reason = nullif(reason, '{RETRYING}'),
        detail = CASE WHEN reason = '{RETRYING}' THEN NULL ELSE detail END
    FROM added, here
    WHERE run.id = $1::text AND run.id = here.id
    RETURNING paged, $6::bigint - {OUTSTANDING}, coalesce(added.ids, '{{}}') AS fresh
"""  # noqa: S608 - no value is pasted in

_ADD = """
    WITH here AS (
        SELECT id FROM sluice.run
        WHERE id = $1::text AND status = 'running' AND stage <> 'finishing' FOR UPDATE
    ), fresh AS (
        INSERT INTO sluice.item (run_id, item_id, status)
        SELECT here.id, t.id, 'pending' FROM here, unnest($2::text[]) AS t(id)
        ON CONFLICT DO NOTHING RETURNING 1
    )
    UPDATE sluice.run SET scheduled = scheduled + (SELECT count(*) FROM fresh)
    FROM here WHERE run.id = $1::text AND run.id = here.id RETURNING (SELECT count(*) FROM fresh)
"""


_ROWS = """
    WITH here AS (SELECT * FROM sluice.run WHERE id = $1::text), rows AS (
        SELECT count(*) AS scheduled,
            count(*) FILTER (WHERE item.status = 'succeeded') AS succeeded,
            count(*) FILTER (WHERE item.status = 'skipped') AS skipped,
            count(*) FILTER (WHERE item.status = 'failed') AS failed,
            count(*) FILTER (WHERE item.status = 'cancelled') AS cancelled,
            count(*) FILTER (WHERE item.status = 'timed_out') AS timed_out,
            count(*) FILTER (WHERE item.status = 'suspended') AS suspended
        FROM here JOIN sluice.item ON item.run_id = here.id
    )
"""
_DIFFER = """(here.scheduled, here.succeeded, here.skipped, here.failed, here.cancelled,
    here.timed_out, here.suspended) IS DISTINCT FROM (rows.scheduled, rows.succeeded, rows.skipped,
    rows.failed, rows.cancelled, rows.timed_out, rows.suspended)"""
_MISCOUNTED = f"{_ROWS} SELECT {_DIFFER} FROM here, rows"  # noqa: S608 - no value is pasted in
_RECOUNT = f"""
    {_ROWS}
    UPDATE sluice.run SET scheduled = rows.scheduled, succeeded = rows.succeeded,
        skipped = rows.skipped, failed = rows.failed, cancelled = rows.cancelled,
        timed_out = rows.timed_out, suspended = rows.suspended
    FROM rows, here WHERE run.id = here.id AND {_DIFFER}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a page did: the ids whose rows are new, whether it was the last one, and if not, how
    many more items the run may have outstanding."""

    fresh: Sequence[str]
    paged: bool
    room: int

    @property
    def held(self) -> bool:
        """The next page must wait for room."""
        return self.room <= 0


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
    values = (run_id, joined(item_ids), cursor, next_cursor, last, look_ahead)
    rows = await fetch_raw(tx, _ADVANCE, *values)
    if not rows:
        return None
    paged, room, fresh = rows[0]
    return Advanced(fresh, paged, room)


async def add_items(tx: AsyncConnection, run_id: str, item_ids: Sequence[str]) -> int | None:
    """Add items beside the pages. Returns how many the run did not have before; None: it is not
    running, or its items have all ended, and the caller must roll back."""
    added = await tx.exec_driver_sql(_ADD, (run_id, list(item_ids)))
    fresh = added.scalar_one_or_none()
    return None if fresh is None else int(fresh)


async def move_cursor(tx: AsyncConnection, run_id: str, cursor: str | None) -> bool:
    """Let a running run's paging go on from ``cursor``; what was scheduled stays scheduled.

    False: the run is not running, or its items have all ended.
    """
    done = await tx.execute(
        update(_RUN)
        .where(_RUN.c.id == run_id, _RUN.c.status == RunStatus.RUNNING)
        .where(_RUN.c.stage != RunStage.FINISHING)
        .values(cursor=cursor, paged=False, held=False)
    )
    return done.rowcount == 1


def is_due(run: Run) -> bool:
    """Whether the next page of the run is to be read now; the same as ``here`` of a page asks."""
    running = run.status == RunStatus.RUNNING and run.stage == RunStage.FULL
    return running and not (run.paged or run.held)


async def page_due(tx: AsyncConnection, run_id: str, *, look_ahead: int) -> bool:
    """Whether a running run's next page should be on its way; what holds it back without cause is
    lifted."""
    done = await tx.execute(
        update(_RUN)
        .where(
            _RUN.c.id == run_id,
            _RUN.c.status == RunStatus.RUNNING,
            _RUN.c.stage == RunStage.FULL,
            ~_RUN.c.paged,
            ~_RUN.c.held | (literal_column(OUTSTANDING, BigInteger) < look_ahead),
        )
        .values(held=False)
    )
    return done.rowcount == 1


async def recount(tx: AsyncConnection, run_id: str) -> bool:
    """Set the run's counters to what its rows say. Returns whether they said something else."""
    # Looked at first without a lock: one statement sees rows and counters of the same commits, and
    # counting a million rows must not hold up those who write outcomes.
    if not (await tx.exec_driver_sql(_MISCOUNTED, (run_id,))).scalar():
        return False
    # Locked by a statement of its own: who changed rows before has counted them, and is seen by
    # the next one; who changes rows from now on counts them after us.
    await runs.lock(tx, run_id)
    return (await tx.exec_driver_sql(_RECOUNT, (run_id,))).rowcount == 1
