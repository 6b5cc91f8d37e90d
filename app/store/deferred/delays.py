"""Providers' batches that make no progress, because their provider does not do as it is asked: for
operators, and for the runs whose items wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.runs import events, runs
from app.store.statuses import ENDED, EventKind
from app.store.tables.runs import RunEvent

_EVENT = RunEvent.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
ONCE_IN = timedelta(days=1)

_RUNS = text("SELECT DISTINCT run_id FROM sluice.deferred_call WHERE batch_id = :batch LIMIT :most")
_DELAYED = text("""
    SELECT provider, error, min(failing_since), count(*), sum(lines)
    FROM sluice.provider_batch
    WHERE ended_at IS NULL AND error IS NOT NULL AND failing_since IS NOT NULL
    GROUP BY provider, error ORDER BY min(failing_since) LIMIT :limit
""")


async def runs_of(tx: AsyncConnection, batch_id: str, *, most: int) -> Sequence[str]:
    """Those whose items wait for the batch."""
    return (await tx.scalars(_RUNS, {"batch": batch_id, "most": most})).all()


@dataclass(frozen=True, slots=True)
class DelayedBatches:
    """Batches of a provider that does not do as it is asked. ``error``: what it says instead."""

    provider: str
    error: str
    since: datetime
    batches: int
    lines: int


async def delayed(tx: AsyncConnection, *, limit: int) -> Sequence[DelayedBatches]:
    """By provider and error, the longest delayed first."""
    return [DelayedBatches(*row) for row in await tx.execute(_DELAYED, {"limit": limit})]


async def tell(tx: AsyncConnection, run_id: str, provider: str, reason: str, detail: str) -> None:
    """Write it down as an event of the run: once a day for each provider and reason, however many
    batches and calls there are; nothing where the run has ended.

    Args:
        reason: a word.
    """
    status = await runs.lock(tx, run_id)
    if status is None or status in ENDED:
        return
    told = select(_EVENT.c.id).where(
        _EVENT.c.run_id == run_id,
        _EVENT.c.kind == EventKind.BATCH_DELAYED,
        _EVENT.c.reason == reason,
        _EVENT.c.data["provider"].astext == provider,
        _EVENT.c.at > func.now() - ONCE_IN,
    )
    if (await tx.scalars(told.limit(1))).first() is None:
        kind, data = EventKind.BATCH_DELAYED, {"provider": provider}
        await events.append(tx, run_id, kind, reason=reason, detail=detail, data=data)
