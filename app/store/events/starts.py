"""The rows of items that events have asked for: joined while they wait, taken when they are due,
and settled by the run that has them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.arrays import texts
from app.connections.driver import fetch_raw
from app.redaction.redactor import redacted
from app.store.statuses import RunStage
from app.store.storable import storable
from app.store.tables.base import Json
from app.store.tables.events import EventStart
from app.store.tables.runs import Run

_START = EventStart.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_RUN = Run.__table__  # type: ignore[attr-defined]
BATCH = 1_000
"""Rows deleted in one transaction."""
GONE_FOR = timedelta(days=90)
"""What has been due for so long is of a family that is gone, and is deleted."""

CHANNEL = "sluice.event"
"""Postgres tells here, with the commit, that a family has a new start: its name is the payload."""

# Whoever waits here for a start that is just being taken finds it settled, and writes another one.
_ADD = f"""
    INSERT INTO sluice.event_start AS s
        (family, event, merge_key, item_id, params, params_version, at, events, due_at, until)
    SELECT family, event, merge_key, item_id, params::jsonb, params_version::integer,
        at::timestamptz, events::integer, now() + wait::interval, now() + longest::interval
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[])
        AS t(family, event, merge_key, item_id, params, params_version, at, events, wait, longest)
    ON CONFLICT (family, event, merge_key, item_id) WHERE settled_at IS NULL DO UPDATE SET
        events = s.events + excluded.events,
        params = CASE WHEN excluded.at < s.at THEN s.params ELSE excluded.params END,
        params_version =
            CASE WHEN excluded.at < s.at THEN s.params_version ELSE excluded.params_version END,
        at = greatest(s.at, excluded.at),
        due_at = CASE WHEN s.merge_key = '' THEN least(excluded.due_at, s.until)
            ELSE least(s.due_at, excluded.due_at) END
    RETURNING seq, family, event, merge_key, item_id, pg_notify('{CHANNEL}', family)
"""  # noqa: S608 - no value is pasted in
# From pair to pair along the index: what waits behind a long run may be much.
_WAITING = text("""
    WITH RECURSIVE pair AS (
        (SELECT family, event, due_at FROM sluice.event_start WHERE settled_at IS NULL
         ORDER BY family, event, due_at LIMIT 1)
        UNION ALL
        SELECT one.* FROM pair CROSS JOIN LATERAL (
            SELECT s.family, s.event, s.due_at FROM sluice.event_start AS s
            WHERE s.settled_at IS NULL AND (s.family, s.event) > (pair.family, pair.event)
            ORDER BY s.family, s.event, s.due_at LIMIT 1
        ) AS one
    )
    SELECT pair.family, pair.event, extract(epoch FROM pair.due_at - now())::float8,
        pair.due_at > now() AND full_at.size IS NOT NULL AND EXISTS (
            SELECT FROM sluice.event_start AS s
            WHERE s.settled_at IS NULL AND s.family = pair.family AND s.event = pair.event
            OFFSET full_at.size - 1
        )
    FROM pair LEFT JOIN unnest(
        CAST(:families AS text[]), CAST(:events AS text[]), CAST(CAST(:sizes AS text[]) AS int[])
    ) AS full_at(family, event, size)
        ON full_at.family = pair.family AND full_at.event = pair.event
""")
_HOLD = text(
    "SELECT pg_try_advisory_xact_lock("
    "hashtextextended('sluice.event:' || :family || ' ' || :event, 0))"
)


@dataclass(frozen=True, slots=True)
class StartKey:
    """What waits once at a time."""

    family: str
    event: str
    merge_key: str
    item_id: str


@dataclass(frozen=True, slots=True)
class WantedStart:
    """``wait``: from now. ``longest``: of a wait that others put off; None: without a bound."""

    key: StartKey
    params: Json
    params_version: int
    at: datetime
    events: int
    wait: timedelta
    longest: timedelta | None

    def joined(self, other: WantedStart) -> WantedStart:
        """Both as one, with the params of the later; ``other`` came after it."""
        later = self if other.at < self.at else other
        return WantedStart(
            self.key,
            later.params,
            later.params_version,
            later.at,
            self.events + other.events,
            self.wait,
            self.longest,
        )


async def add(tx: AsyncConnection, wanted: Iterable[WantedStart]) -> dict[StartKey, int]:
    """Write them, or let them join what waits. Returns the rows' numbers.

    Args:
        wanted: each key once. The rows are locked in the order of these.
    """
    ordered = sorted(wanted, key=lambda one: _position(one.key))
    found = await fetch_raw(
        tx,
        _ADD,
        [one.key.family for one in ordered],
        [one.key.event for one in ordered],
        [one.key.merge_key for one in ordered],
        [one.key.item_id for one in ordered],
        [json.dumps(one.params) for one in ordered],
        [one.params_version for one in ordered],
        [one.at.isoformat() for one in ordered],
        [one.events for one in ordered],
        [one.wait for one in ordered],
        [one.longest for one in ordered],
    )
    return {StartKey(*key): seq for seq, *key, _ in found}


def _position(key: StartKey) -> tuple[str, str, str, str]:
    return key.family, key.event, key.merge_key, key.item_id


@dataclass(frozen=True, slots=True)
class WaitingStarts:
    """Of a family and an event. ``ahead``: seconds until the first is due; below 0: it is.
    ``full``: none is due, and there are as many as one run has."""

    family: str
    event: str
    ahead: float
    full: bool


async def waiting(tx: AsyncConnection, sizes: Mapping[tuple[str, str], int]) -> list[WaitingStarts]:
    """
    Args:
        sizes: by family and event, of those that need not wait until they are due.
    """
    values = {
        "families": [family for family, _ in sizes],
        "events": [event for _, event in sizes],
        "sizes": texts([*sizes.values()]),
    }
    return [WaitingStarts(*row) for row in await tx.execute(_WAITING, values)]


@dataclass(frozen=True, slots=True)
class TakenStart:
    seq: int
    item_id: str
    params: Json
    params_version: int


async def take(
    tx: AsyncConnection, family: str, event: str, *, size: int, early: bool
) -> Sequence[TakenStart]:
    """The longest due; nobody else takes or changes them until the end of ``tx``. None at all
    where another process takes those of this event just now.

    Args:
        early: also what is not due yet.
    """
    if not await tx.scalar(_HOLD, {"family": family, "event": event}):
        return ()
    query = select(_START.c.seq, _START.c.item_id, _START.c.params, _START.c.params_version).where(
        _START.c.settled_at.is_(None), _START.c.family == family, _START.c.event == event
    )
    if not early:
        query = query.where(_START.c.due_at <= func.now())
    # Passed over, and not waited for: an event that joins one just now tells of it by itself.
    rows = await tx.execute(
        query.order_by(_START.c.due_at).limit(size).with_for_update(skip_locked=True)
    )
    return [TakenStart(*row) for row in rows]


async def settle(
    tx: AsyncConnection,
    taken: Collection[TakenStart],
    *,
    run_id: str | None = None,
    detail: str | None = None,
) -> None:
    """A run has them; or none will, and ``detail`` says why."""
    await tx.execute(
        update(_START)
        .where(_START.c.seq.in_([one.seq for one in taken]))
        .values(run_id=run_id, detail=storable(redacted(detail)), settled_at=func.now())
    )


async def in_line(tx: AsyncConnection, family: str, started_by: str) -> str | None:
    """A run of the family that waits for its turn, and was started by that."""
    query = select(_RUN.c.id).where(
        _RUN.c.family == family,
        _RUN.c.finished_at.is_(None),
        _RUN.c.stage == RunStage.WAITING,
        _RUN.c.started_by == started_by,
    )
    found: str | None = await tx.scalar(query.limit(1))
    return found


async def prune(tx: AsyncConnection, older_than: timedelta) -> int:
    """Delete a batch of what was settled longer ago than that. Returns how many."""
    return await _delete(tx, _START.c.settled_at < func.now() - older_than)


async def prune_gone(tx: AsyncConnection) -> int:
    """Delete a batch of what waits for families that do not come back. Returns how many."""
    gone = _START.c.due_at < func.now() - GONE_FOR
    return await _delete(tx, and_(_START.c.settled_at.is_(None), gone))


async def _delete(tx: AsyncConnection, where: ColumnElement[bool]) -> int:
    ids = select(_START.c.seq).where(where).limit(BATCH).with_for_update(skip_locked=True)
    return (await tx.execute(delete(_START).where(_START.c.seq.in_(ids)))).rowcount
