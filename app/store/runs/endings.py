"""How a run ends whose items have all ended: at once, or after its family's finish."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.runs import events
from app.store.runs.runs import ENDED_ITEMS
from app.store.statuses import FAMILY_GONE, FINISH_FAILED, EventKind, RunStatus

# One statement on one row: however many deliveries find the run complete, one of them ends it.
_FINALISE = f"""
    UPDATE sluice.run
    SET finished_at = now(), held = false, active_since = NULL,
        reason = nullif(reason, '{FAMILY_GONE}'),
        detail = CASE WHEN reason = '{FAMILY_GONE}' THEN NULL ELSE detail END,
        active_ms = active_ms
            + coalesce(extract(epoch FROM now() - active_since) * 1000, 0)::bigint,
        status = CASE WHEN status = 'cancelling' THEN 'cancelled'
                      WHEN failed + timed_out = 0 THEN 'succeeded'
                      WHEN succeeded + skipped = 0 THEN 'failed' ELSE 'partial' END
    WHERE id = $1::text AND scheduled = {ENDED_ITEMS}
      AND (status = 'running' AND paged AND stage = 'full'
           OR status = 'cancelling' AND stage <> 'finishing')
    RETURNING status
"""  # noqa: S608 - no value is pasted in
_BEGIN_FINISH = f"""
    UPDATE sluice.run SET stage = 'finishing', held = false
    WHERE id = $1::text AND scheduled = {ENDED_ITEMS} AND scheduled > 0 AND parent_run IS NULL
      AND (status = 'running' AND paged AND stage = 'full' AND family = ANY($2::text[])
           OR status = 'cancelling' AND stage <> 'finishing' AND family = ANY($3::text[]))
    RETURNING id
"""  # noqa: S608
# What the finish has come to is on the row of its only item.
_END_FINISHED = f"""
    WITH last AS (
        SELECT finish.finished_at,
               CASE WHEN item.status IN ('succeeded', 'skipped') THEN NULL
                    ELSE coalesce(item.error_message, finish.detail, 'It was cancelled.')
               END AS error
        FROM sluice.run AS finish LEFT JOIN sluice.item ON item.run_id = finish.id
        WHERE finish.parent_run = $1::text AND finish.parent_item IS NULL
        ORDER BY finish.id DESC LIMIT 1
    )
    UPDATE sluice.run
    SET finished_at = now(), active_since = NULL, stage = 'full',
        active_ms = active_ms
            + coalesce(extract(epoch FROM now() - active_since) * 1000, 0)::bigint,
        status = CASE WHEN status = 'cancelling' THEN 'cancelled'
                      WHEN succeeded + skipped = 0 THEN 'failed'
                      WHEN failed + timed_out = 0 AND last.error IS NULL THEN 'succeeded'
                      ELSE 'partial' END,
        reason = CASE WHEN last.error IS NOT NULL THEN '{FINISH_FAILED}' END,
        detail = 'Its items have ended, and finish failed: ' || left(last.error, 1900)
    FROM last
    WHERE id = $1::text AND stage = 'finishing' AND status IN ('running', 'cancelling')
      AND last.finished_at IS NOT NULL
    RETURNING status, detail
"""  # noqa: S608


async def finalise(tx: AsyncConnection, run_id: str) -> RunStatus | None:
    """End the run if it is complete and nobody has ended it yet; None: not so."""
    detail: str | None = None
    ended = (await tx.exec_driver_sql(_FINALISE, (run_id,))).scalar_one_or_none()
    if ended is None:
        finished = (await tx.exec_driver_sql(_END_FINISHED, (run_id,))).mappings().one_or_none()
        if finished is None:
            return None
        ended, detail = finished["status"], finished["detail"]
    await events.append(tx, run_id, EventKind.ENDED, reason=ended, detail=detail)
    return RunStatus(ended)


async def begin_finish(
    tx: AsyncConnection, run_id: str, families: Sequence[str], *, cancelled: Sequence[str]
) -> bool:
    """Whether the run's items have all ended, and its family's finish is to begin now: to one
    caller alone.

    Args:
        families: those that have one.
        cancelled: those of them whose cancelled runs have one as well.
    """
    done = await tx.exec_driver_sql(_BEGIN_FINISH, (run_id, list(families), list(cancelled)))
    return done.scalar_one_or_none() is not None
