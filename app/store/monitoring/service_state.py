"""How everything stands, for who scrapes it: one statement, whatever there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.deferred.delays import IS_DELAYED
from app.store.monitoring.workers import GONE_AFTER
from app.store.runs.runs import OUTSTANDING

MOST = 100_000
"""Rows of a kind that are counted."""
LATE = timedelta(minutes=1)
"""Behind its time, from which on a schedule counts as late."""

# Only the unfinished runs and batches, which have an index of their own; and of notifications those
# that wait.
_STATE = f"""
    WITH active AS MATERIALIZED (
        SELECT family, status, coalesce(reason, '') AS reason, suspended,
               {OUTSTANDING} AS outstanding
        FROM sluice.run WHERE finished_at IS NULL LIMIT $3::int
    ), waiting AS MATERIALIZED (
        SELECT created_at FROM sluice.notification_delivery WHERE status = 'waiting' LIMIT $3::int
    ), late AS MATERIALIZED (
        SELECT family, extract(epoch FROM now() - next_at) AS seconds
        FROM sluice.schedule WHERE next_at < now() - $2::interval LIMIT $3::int
    ), delayed AS MATERIALIZED (
        SELECT provider, extract(epoch FROM now() - failing_since) AS seconds
        FROM sluice.provider_batch WHERE {IS_DELAYED} LIMIT $3::int
    )
    SELECT 'runs', family, status, count(*)::float8 FROM active GROUP BY family, status
    UNION ALL
    SELECT 'paused', family, reason, count(*)::float8 FROM active
    WHERE status = 'paused' GROUP BY family, reason
    UNION ALL
    SELECT 'outstanding', family, '', sum(outstanding)::float8 FROM active GROUP BY family
    UNION ALL
    SELECT 'suspended', family, '', sum(suspended)::float8 FROM active GROUP BY family
    UNION ALL
    SELECT 'late', family, '', count(*)::float8 FROM late GROUP BY family
    UNION ALL
    SELECT 'delay', family, '', max(seconds)::float8 FROM late GROUP BY family
    UNION ALL
    SELECT 'notifications', '', '', count(*)::float8 FROM waiting
    UNION ALL
    SELECT 'notifications_age', '', '',
           coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM waiting
    UNION ALL
    SELECT 'batches', provider, '', count(*)::float8 FROM delayed GROUP BY provider
    UNION ALL
    SELECT 'batch_delay', provider, '', max(seconds)::float8 FROM delayed GROUP BY provider
    UNION ALL
    SELECT 'workers', '', '', count(*)::float8 FROM sluice.worker
    WHERE seen_at > now() - $1::interval
"""  # noqa: S608 - no value is pasted in


@dataclass(frozen=True, slots=True)
class StateNumber:
    """A number. ``of``: its family, or the provider of batches, and a status or a reason; empty
    where it has none."""

    what: str
    of: tuple[str, str]
    value: float


async def service_state(tx: AsyncConnection) -> Sequence[StateNumber]:
    found = await fetch_raw(tx, _STATE, GONE_AFTER, LATE, MOST)
    return [StateNumber(what, (family, more), value) for what, family, more, value in found]
