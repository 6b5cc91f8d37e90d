"""Providers' batches that make no progress, because their provider does not do as it is asked: for
operators, and for the runs whose items wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.runs import events, runs
from app.store.statuses import EventKind

ONCE_IN = timedelta(days=1)
TELL_AFTER = 3
"""Calls for a batch in a row that have failed, from which on it counts as delayed."""
IS_DELAYED = f"(ended_at IS NULL AND failing_since IS NOT NULL AND tries >= {TELL_AFTER})"
"""SQL of a batch's row."""

# Each run, and its events, are looked up by key: OFFSET 0 keeps it so.
_IS_UNTOLD = """
    EXISTS (
        SELECT FROM sluice.run WHERE run.id = c.run_id AND run.finished_at IS NULL OFFSET 0
    ) AND NOT EXISTS (
        SELECT FROM sluice.run_event AS e
        WHERE e.run_id = c.run_id AND e.kind = 'batch_delayed' AND e.reason = :reason
          AND e.data ->> 'provider' = :provider AND e.at > now() - CAST(:once_in AS interval)
        OFFSET 0
    )
"""
"""SQL of ``c.run_id``: it has not ended, and was told nothing of the provider and reason lately."""

# The calls by their batch, and not in the order of another index, which would be read to its end.
_UNTOLD = text(f"""
    SELECT c.run_id FROM (
        SELECT DISTINCT run_id || '' AS run_id FROM sluice.deferred_call WHERE batch_id = :batch
    ) AS c
    WHERE {_IS_UNTOLD} LIMIT :most
""")  # noqa: S608 - no value is pasted in
_STILL_UNTOLD = text(f"""
    SELECT c.run_id FROM (SELECT CAST(:run AS text) AS run_id) AS c WHERE {_IS_UNTOLD}
""")  # noqa: S608 - likewise
_DELAYED = text(f"""
    SELECT provider,
        coalesce(
            (array_agg(error ORDER BY failing_since, id) FILTER (WHERE error IS NOT NULL))[1],
            'It is not known what it says.'
        ),
        min(failing_since), count(*), sum(lines)
    FROM sluice.provider_batch WHERE {IS_DELAYED}
    GROUP BY provider ORDER BY min(failing_since), provider LIMIT :limit
""")  # noqa: S608 - no value is pasted in


async def untold_runs(
    tx: AsyncConnection, batch_id: str, provider: str, reason: str, *, most: int
) -> Sequence[str]:
    """Those that wait for the batch, and that ``tell`` would tell."""
    of = {"batch": batch_id, "provider": provider, "reason": reason, "once_in": ONCE_IN}
    return (await tx.scalars(_UNTOLD, {**of, "most": most})).all()


@dataclass(frozen=True, slots=True)
class DelayedBatches:
    """Batches of a provider that does not do as it is asked. ``error``: what it says instead, of
    the one that it has failed for longest."""

    provider: str
    error: str
    since: datetime
    batches: int
    lines: int


async def delayed(tx: AsyncConnection, *, limit: int) -> Sequence[DelayedBatches]:
    """By provider, the longest delayed first."""
    return [DelayedBatches(*row) for row in await tx.execute(_DELAYED, {"limit": limit})]


async def tell(tx: AsyncConnection, run_id: str, provider: str, reason: str, detail: str) -> None:
    """Write it down as an event of the run: once a day for each provider and reason, however many
    batches and calls there are; nothing where the run has ended.

    Args:
        reason: a word.
    """
    if await runs.lock(tx, run_id) is None:
        return
    of = {"run": run_id, "provider": provider, "reason": reason, "once_in": ONCE_IN}
    if (await tx.scalar(_STILL_UNTOLD, of)) is not None:
        kind, data = EventKind.BATCH_DELAYED, {"provider": provider}
        await events.append(tx, run_id, kind, reason=reason, detail=detail, data=data)
