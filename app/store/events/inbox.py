"""The rows of events: taken once each, shown, and counted where no family knows their name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, and_, cast, delete, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chunks import chunked
from app.connections.driver import fetch_raw
from app.redaction.redactor import redacted
from app.store.events.event_match import TOLD_AT_ONCE, names_held
from app.store.storable import storable
from app.store.tables.base import Json
from app.store.tables.events import EventStart, EventValue, ReceivedEvent

_EVENT = ReceivedEvent.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_START = EventStart.__table__  # type: ignore[attr-defined]
_VALUE = EventValue.__table__  # type: ignore[attr-defined]
BATCH = 1_000
"""Rows deleted in one transaction."""
MOST_COUNTED = 10_000
"""Of one name: beyond it nobody counts."""

_ADD = f"""
    WITH held AS MATERIALIZED (SELECT count(lock) FROM ({names_held(alone=False)}) AS names)
    INSERT INTO sluice.event (name, event_id, data, at, sender, unmatched, detail)
    SELECT t.name, event_id, data::jsonb, at::timestamptz, $7::text,
        unmatched::boolean AND NOT EXISTS (
            SELECT FROM sluice.event_place AS p WHERE p.name = t.name OFFSET 0
        ), detail
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS t(name, event_id, data, at, unmatched, detail), held
    ON CONFLICT (name, event_id) DO NOTHING
    RETURNING seq, name, event_id, unmatched
"""  # noqa: S608 - no value is pasted in
_LINK = """
    UPDATE sluice.event AS e SET starts = t.starts::bigint[]
    FROM unnest($1::text[], $2::text[]) AS t(seq, starts)
    WHERE e.seq = ANY($1::text[]::bigint[]) AND e.seq = t.seq::bigint
"""
# From name to name along the index, and of each the newest so many: a name of millions is not
# counted to its end.
_UNMATCHED = text("""
    WITH RECURSIVE name AS (
        (SELECT name FROM sluice.event WHERE unmatched AND name > :after ORDER BY name LIMIT 1)
        UNION ALL
        SELECT (SELECT e.name FROM sluice.event AS e
                WHERE e.unmatched AND e.name > name.name ORDER BY e.name LIMIT 1)
        FROM name WHERE name.name IS NOT NULL
    )
    SELECT name.name, c.number, c.last_at FROM name CROSS JOIN LATERAL (
        SELECT count(*) AS number, max(received_at) AS last_at FROM (
            SELECT received_at FROM sluice.event AS e
            WHERE e.unmatched AND e.name = name.name ORDER BY e.seq DESC LIMIT :most
        ) AS newest
    ) AS c
    WHERE name.name IS NOT NULL LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class NewEventRow:
    name: str
    event_id: str
    data: Json
    at: datetime
    unmatched: bool
    detail: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """By which it is taken once."""
        return self.name, self.event_id


@dataclass(frozen=True, slots=True)
class WrittenEvent:
    """``unmatched``: neither a family nor any item that has ever waited knows its name."""

    seq: int
    unmatched: bool


async def add(
    tx: AsyncConnection, rows: Iterable[NewEventRow], *, sender: str
) -> dict[tuple[str, str], WrittenEvent]:
    """Write those that are not there yet. Returns them by their keys.

    Until the end of ``tx`` whoever sends one of them too is held up, and whoever begins to wait for
    an event of their names; in one order, so that two never wait for each other.
    """
    ordered = sorted(rows, key=lambda row: row.key)
    found = await fetch_raw(
        tx,
        _ADD,
        [row.name for row in ordered],
        [row.event_id for row in ordered],
        [json.dumps(row.data) for row in ordered],
        [row.at.isoformat() for row in ordered],
        [str(row.unmatched) for row in ordered],
        [storable(redacted(row.detail)) for row in ordered],
        sender,
    )
    return {
        (name, event_id): WrittenEvent(seq, unmatched) for seq, name, event_id, unmatched in found
    }


async def link(tx: AsyncConnection, starts: Mapping[int, Iterable[int]]) -> None:
    """Write which starts each event has asked for; both by their numbers."""
    for some in chunked(TOLD_AT_ONCE, starts.items()):
        told = ["{" + ",".join(map(str, sorted(found))) + "}" for _, found in some]
        await fetch_raw(tx, _LINK, [str(seq) for seq, _ in some], told)


async def page(
    tx: AsyncConnection, *, name: str | None = None, before: int | None, limit: int
) -> list[tuple[ReceivedEvent, list[EventStart]]]:
    """The newest first, each with what it started. Without their data, which may be large."""
    shown = [column for column in _EVENT.c if column.name not in ("data", "starts")]
    # As texts, for the same reason as what is sent (see `app.connections.arrays`).
    asked = cast(_EVENT.c.starts, ARRAY(Text)).label("starts")
    query = select(asked, *shown).order_by(_EVENT.c.seq.desc()).limit(limit)
    if name is not None:
        query = query.where(_EVENT.c.name == name)
    if before is not None:
        query = query.where(_EVENT.c.seq < before)
    events = [_without_data(**row._mapping) for row in await tx.execute(query)]
    wanted = sorted({seq for event in events for seq in event.starts or ()})
    starts = await _starts(tx, wanted)
    return [
        (event, [starts[seq] for seq in event.starts or () if seq in starts]) for event in events
    ]


def _without_data(*, starts: Sequence[str] | None, **row: Any) -> ReceivedEvent:
    numbers = None if starts is None else [int(one) for one in starts]
    return ReceivedEvent(data={}, starts=numbers, **row)


async def _starts(tx: AsyncConnection, wanted: Sequence[int]) -> dict[int, EventStart]:
    if not wanted:
        return {}
    rows = await tx.execute(select(_START).where(_START.c.seq.in_(wanted)))
    found = [EventStart(**row._mapping) for row in rows]
    return {one.seq: one for one in found if one.seq is not None}


@dataclass(frozen=True, slots=True)
class UnmatchedEvents:
    """Events of a name that no family knows. ``number``: ``MOST_COUNTED`` or more is as many."""

    name: str
    number: int
    last_at: datetime


async def unmatched(tx: AsyncConnection, *, after: str, limit: int) -> list[UnmatchedEvents]:
    """By their names, behind ``after``."""
    values = {"after": after, "most": MOST_COUNTED, "limit": limit}
    return [UnmatchedEvents(*row) for row in await tx.execute(_UNMATCHED, values)]


async def prune(tx: AsyncConnection, older_than: timedelta) -> int:
    """Delete a batch of those received longer ago than that. Returns how many. What is still on its
    way to items stays until it is there."""
    old = and_(_EVENT.c.received_at < func.now() - older_than, ~_EVENT.c.waking)
    # Passed over and not waited for: one that an item has just been given goes with the next.
    ids = select(_EVENT.c.seq).where(old).order_by(_EVENT.c.received_at).limit(BATCH)
    free = ids.with_for_update(skip_locked=True)
    return (await tx.execute(delete(_EVENT).where(_EVENT.c.seq.in_(free)))).rowcount


async def prune_values(tx: AsyncConnection, older_than: timedelta) -> int:
    """Delete a batch of the values, at the places at which items wait, of events that came longer
    ago than that. Returns how many."""
    waking = select(_EVENT.c.seq).where(_EVENT.c.waking)
    old = and_(_VALUE.c.received_at < func.now() - older_than, _VALUE.c.seq.not_in(waking))
    key = tuple_(*_VALUE.primary_key)
    oldest = select(*_VALUE.primary_key).where(old).order_by(_VALUE.c.received_at).limit(BATCH)
    return (await tx.execute(delete(_VALUE).where(key.in_(oldest)))).rowcount
