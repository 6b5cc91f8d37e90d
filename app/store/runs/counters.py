"""Adding to a run's counters what a group of outcomes changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.config.priorities import ORDINARY
from app.connections.driver import fetch_raw
from app.store.runs.runs import ENDED_ITEMS, OUTSTANDING

# Hot statements go to the driver as they stand: compiling them costs more than running them.
_FORMER = "former AS (SELECT id, held FROM sluice.run WHERE id = $1::text FOR UPDATE)"
_COUNT = f"""
    WITH {_FORMER}
    UPDATE sluice.run
    SET succeeded = succeeded + $4::bigint, skipped = skipped + $5::bigint,
        failed = failed + $6::bigint, cancelled = cancelled + $7::bigint,
        timed_out = timed_out + $8::bigint, work_ms = work_ms + $2::bigint,
        spent_usd = spent_usd + $9::float8, spent_tokens = spent_tokens + $10::bigint,
        suspended = suspended + $11::bigint,
        held = former.held AND NOT paged
           AND {OUTSTANDING} - ($4::bigint + $5 + $6 + $7 + $8 + $11) >= $3::bigint
    FROM former WHERE run.id = $1::text AND run.id = former.id
    RETURNING family, status, stage, options::text AS options,
              former.held AND NOT run.held AND status = 'running' AS page_due,
              (paged OR stage = 'canary' OR status = 'cancelling')
                  AND scheduled = {ENDED_ITEMS} AS complete,
              succeeded, skipped, failed + timed_out AS failed,
              {ENDED_ITEMS} - judged_from AS judged,
              failed + timed_out - judged_failed AS judged_failed, spent_usd, spent_tokens,
              coalesce((options ->> 'priority')::int, {ORDINARY}) AS priority,
              suspended > 0 AS any_suspended
"""  # noqa: S608
# With what the outcomes leave behind of partitions. Their rows were written with the items, unless
# the family had no limits of partitions yet. They are locked after the run's, as everywhere: none
# is looked for before `former` has a row.
_COUNT_AND_LEAVE = _COUNT.replace(
    _FORMER,
    f"""{_FORMER}, fewer AS (
        UPDATE sluice.run_partition AS p
        SET admitted = greatest(p.admitted - ($12::jsonb ->> p.partition)::int, 0)
        WHERE run_id = (SELECT id FROM former)
          AND partition = ANY(ARRAY(SELECT jsonb_object_keys($12::jsonb)))
    )""",  # noqa: S608
)
_COUNTED = ("succeeded", "skipped", "failed", "cancelled", "timed_out")  # as $4 to $8


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run's counters and status after outcomes were counted.

    ``page_due``: there is room again, and the caller must publish the page's message.
    ``complete``: every item has an outcome, and the caller must finalise, or judge the canary.
    ``judged``, ``judged_failed``: the items that have ended, and failed, since the last resume.
    ``options``: JSON.
    """

    family: str
    status: str
    stage: str
    options: str
    page_due: bool
    complete: bool
    succeeded: int
    skipped: int
    failed: int
    judged: int
    judged_failed: int
    spent_usd: float
    spent_tokens: int
    priority: int
    any_suspended: bool


@dataclass(slots=True)
class CounterDelta:
    """What a group of outcomes changed in one run: how many by status, and what they took.

    ``suspended``: how many more items are suspended than before.
    """

    outcomes: dict[str, int]
    suspended: int = 0
    work_ms: int = 0
    spent_usd: float = 0.0
    spent_tokens: int = 0


async def count(
    tx: AsyncConnection,
    run_id: str,
    changed: CounterDelta,
    *,
    look_ahead: int,
    leaves: Mapping[str, int] | None = None,
) -> RunProgress:
    """Add outcomes, by status, to the run's counters.

    Args:
        leaves: by partition, how many items that were admitted have had an outcome.
    """
    outcomes = (changed.outcomes.get(status, 0) for status in _COUNTED)
    values = (
        run_id, changed.work_ms, look_ahead, *outcomes, changed.spent_usd, changed.spent_tokens,
        changed.suspended,
    )  # fmt: skip
    if leaves:
        # As JSON, because a partition may hold any character.
        left = json.dumps(leaves, ensure_ascii=False)
        [row] = await fetch_raw(tx, _COUNT_AND_LEAVE, *values, left)
    else:
        [row] = await fetch_raw(tx, _COUNT, *values)
    return RunProgress(*row)
