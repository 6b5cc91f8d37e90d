"""Items that begin to wait for an event, and are given one that came before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.events.event_match import TOLD, USABLE, VALUE, names_held
from app.store.steps.steps import StepId, StepRecord

NEWEST = 10_000
"""Events of a name that are looked through when an item waits at a place for the first time: from
then on what events have there is kept."""
UNUSED_FOR = timedelta(days=90)
"""After which a place is known no more."""

_HOLD = names_held(alone=True)
_KNOW = """
    INSERT INTO sluice.event_place AS p (name, place)
    SELECT DISTINCT name, place FROM unnest($1::text[], $2::text[]) AS t(name, place)
    ORDER BY name, place
    ON CONFLICT (name, place) DO UPDATE SET used_at = now()
    WHERE p.used_at < now() - interval '1 day'
    RETURNING name, place, xmax = 0
"""
_FILL = f"""
    INSERT INTO sluice.event_value (name, place, value, received_at, seq)
    SELECT name, place, value, received_at, seq FROM (
        SELECT e.name, p.place, {VALUE} AS value, e.received_at, e.seq
        FROM (VALUES ($1::text, $2::text)) AS p(name, place) CROSS JOIN LATERAL (
            SELECT event.* FROM sluice.event WHERE event.name = p.name
            ORDER BY event.seq DESC LIMIT {NEWEST}
        ) AS e
    ) AS read WHERE {USABLE}
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - no value is pasted in
_LOOK_BACK = f"""
    SELECT t.run_id, t.item_id, t.step, e.seq, {TOLD}
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::text[])
        AS t(run_id, item_id, step, name, place, value, since, origin, taken)
    CROSS JOIN LATERAL (
        SELECT coalesce(
            t.since::timestamptz,
            (SELECT least(created_at, started_at) FROM sluice.run WHERE id = t.origin),
            (SELECT least(created_at, started_at) FROM sluice.run WHERE id = t.run_id),
            now()
        ) AS moment OFFSET 0
    ) AS since CROSS JOIN LATERAL (
        SELECT v.seq FROM sluice.event_value AS v
        WHERE ROW(v.name, v.place, v.value, v.received_at)
              >= ROW(t.name, t.place, t.value, since.moment)
          AND ROW(v.name, v.place, v.value) <= ROW(t.name, t.place, t.value)
          AND v.seq <> ALL (t.taken::bigint[])
          -- Pruning may have left the value behind for a while.
          AND EXISTS (SELECT FROM sluice.event WHERE event.seq = v.seq OFFSET 0)
        ORDER BY v.name, v.place, v.value, v.received_at, v.seq LIMIT 1
    ) AS v CROSS JOIN LATERAL (
        SELECT event.* FROM sluice.event WHERE event.seq = v.seq OFFSET 0
    ) AS e
"""  # noqa: S608
_BEGIN = """
    INSERT INTO sluice.step AS one (run_id, item_id, name, kind, status, position, alone,
        item_attempt, started_at, payload, event, event_place, event_value, event_after, due_at,
        result, finished_at)
    SELECT run_id, item_id, name, kind, CASE WHEN result IS NULL THEN 'waiting' ELSE 'done' END,
        position::int, alone::bool, item_attempt::int, started_at::timestamptz, payload, event,
        event_place, event_value,
        (SELECT e.seq FROM sluice.event AS e WHERE e.name = t.event ORDER BY e.seq DESC LIMIT 1),
        now() + due_in::interval, result, CASE WHEN result IS NOT NULL THEN now() END
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                $14::text[])
        AS t(run_id, item_id, name, kind, position, alone, item_attempt, started_at, payload,
             event, event_place, event_value, due_in, result)
    ON CONFLICT (run_id, item_id, name) DO UPDATE
    SET status = excluded.status, item_attempt = excluded.item_attempt,
        payload = excluded.payload, event = excluded.event, event_place = excluded.event_place,
        event_value = excluded.event_value, event_after = excluded.event_after,
        due_at = excluded.due_at, result = excluded.result, finished_at = excluded.finished_at,
        error_class = NULL, error_message = NULL
    WHERE one.status = 'failed'
    RETURNING run_id, item_id, name
"""
# Who begins to wait at such a place holds its row, or finds it gone and makes it anew.
_FORGET = text("""
    DELETE FROM sluice.event_place AS p WHERE p.used_at < now() - CAST(:unused AS interval)
    AND NOT EXISTS (
        SELECT FROM sluice.step WHERE step.status = 'waiting' AND step.event IS NOT NULL
        AND step.event = p.name AND step.event_place = p.place
    )
""")


@dataclass(frozen=True, slots=True)
class EventWait:
    """What a step waits for: an event ``name`` that has ``value`` at ``place``.

    ``since``: it came then at the earliest; None: when the run ``origin`` began. ``taken``: events,
    by ``seq``, that the item has had already.
    """

    record: StepRecord
    name: str
    place: str
    value: str
    since: datetime | None
    origin: str
    taken: Sequence[int]


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """``told``: what the step remembers of it, as JSON."""

    seq: int
    told: str


async def hold(tx: AsyncConnection, waits: Collection[EventWait]) -> None:
    """Lock these events' names until the end of ``tx``, so that no event of them comes. Must be the
    first thing that ``tx`` does."""
    await fetch_raw(tx, _HOLD, [wait.name for wait in waits])


async def look_back(tx: AsyncConnection, waits: Sequence[EventWait]) -> Mapping[StepId, FoundEvent]:
    """The first event that came before each wait. The caller holds the names."""
    places = [wait.name for wait in waits], [wait.place for wait in waits]
    for name, place, fresh in await fetch_raw(tx, _KNOW, *places):
        if fresh:
            await fetch_raw(tx, _FILL, name, place)
    rows = await fetch_raw(
        tx,
        _LOOK_BACK,
        *([wait.record.id[part] for wait in waits] for part in range(3)),
        *places,
        [wait.value for wait in waits],
        [None if wait.since is None else wait.since.isoformat() for wait in waits],
        [wait.origin for wait in waits],
        ["{" + ",".join(map(str, wait.taken)) + "}" for wait in waits],
    )
    return {(run, item, step): FoundEvent(seq, told) for run, item, step, seq, told in rows}


async def begin(
    tx: AsyncConnection, waits: Sequence[EventWait], found: Mapping[StepId, FoundEvent]
) -> set[StepId]:
    """Write the steps: those with an event are done. Returns which were written; of the others
    something is remembered already. The rows are locked by their keys. The caller holds the names:
    what has come by now is not for them, and all that comes is."""
    waits = sorted(waits, key=lambda wait: wait.record.id)
    records = [wait.record for wait in waits]
    rows = await fetch_raw(
        tx,
        _BEGIN,
        *([record.id[part] for record in records] for part in range(3)),
        [record.kind for record in records],
        [record.position for record in records],
        [record.alone for record in records],
        [record.item_attempt for record in records],
        [record.started_at.isoformat() for record in records],
        [record.payload for record in records],
        [wait.name for wait in waits],
        [wait.place for wait in waits],
        [wait.value for wait in waits],
        [record.due_in for record in records],
        [found[record.id].told if record.id in found else None for record in records],
    )
    return {(run_id, item_id, name) for run_id, item_id, name in rows}


async def forget_places(tx: AsyncConnection) -> None:
    """Forget places at which nobody waits and nobody has begun to wait for long."""
    await tx.execute(_FORGET, {"unused": UNUSED_FOR})
