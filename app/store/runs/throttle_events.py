"""Runs whose family is throttled: told by an event of each, once when it begins and once when it is
over."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.runs import events, runs
from app.store.statuses import EventKind

# Of those that have not ended, those whose last such event says otherwise.
_OTHERWISE = f"""
    SELECT r.id FROM sluice.run r
    WHERE r.family = $1::text AND r.finished_at IS NULL AND $2::bool IS DISTINCT FROM coalesce((
        SELECT e.kind = '{EventKind.THROTTLED}' FROM sluice.run_event e
        WHERE e.run_id = r.id
          AND e.kind IN ('{EventKind.THROTTLED}', '{EventKind.THROTTLE_OVER}')
        ORDER BY e.id DESC LIMIT 1
    ), false)
    ORDER BY r.id LIMIT $3::int
"""  # noqa: S608 - our own words


async def tell(tx: AsyncConnection, family: str, reason: str | None, *, limit: int) -> int:
    """Write to at most so many runs what they do not say yet. Returns how many it looked at.

    Args:
        reason: None: the family is not throttled.
    """
    held = reason is not None
    found = [row[0] for row in await fetch_raw(tx, _OTHERWISE, family, held, limit)]
    if not found:
        return 0
    # Locked first, as whoever writes an event does, and looked at once more: somebody else may have
    # told them while we waited.
    await runs.statuses(tx, found, lock=True)
    still = {row[0] for row in await fetch_raw(tx, _OTHERWISE, family, held, limit)}
    kind = EventKind.THROTTLED if held else EventKind.THROTTLE_OVER
    for run_id in found:
        if run_id in still:
            await events.append(tx, run_id, kind, detail=reason)
    return len(found)
