"""An event that comes: kept by what it has at the places at which items wait, and given to those
that wait for it, in one transaction or, where they are very many, in several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.chunks import chunked
from app.connections.driver import Found, fetch_raw
from app.store.events.event_match import (
    MARK,
    TOLD,
    TOLD_AT_ONCE,
    USABLE,
    VALUE,
    events_of,
)
from app.store.steps.coming_events import ANY_WAKING, being_given, value_of
from app.store.steps.steps import ItemId, StepId

AT_ONCE = 1_000
"""Items of one transaction."""
PAGE = 10_000
"""Steps of one look, of those that are given their event in several transactions. Each look sorts
all of them."""
MOST_EVENTS = 1_000
"""Of one name that are given together; the earliest."""

_READ = f"""
    read AS MATERIALIZED (
        SELECT e.seq, e.name, p.place, {VALUE} AS value, e.received_at
        FROM {events_of("$1::text[]")} CROSS JOIN LATERAL (
            SELECT place FROM sluice.event_place AS one WHERE one.name = e.name OFFSET 0
        ) AS p
    ), usable AS MATERIALIZED (
        SELECT * FROM read WHERE {USABLE}
    )
"""  # noqa: S608 - no value is pasted in


def _open(step: str) -> str:
    """SQL that joins the step's item where it has not ended: what a step of another one is given,
    nobody reads. Looked up by its key (OFFSET 0 keeps it so)."""
    return f"""
        CROSS JOIN LATERAL (
            SELECT FROM sluice.item
            WHERE item.run_id = {step}.run_id AND item.item_id = {step}.item_id
              AND item.status IN ('suspended', 'pending')
            OFFSET 0
        ) AS open
    """


def _found(where: str) -> str:
    """SQL of the steps that wait for what is in ``usable``, each with the first: those that began
    to wait before it came. Each is looked up by its key (OFFSET 0 keeps it so): a join that is
    planned while the tables are empty reads all of them (docs/decisions/0005)."""
    return f"""
        SELECT s.run_id, s.item_id, s.name, s.seq FROM (
            SELECT one.run_id, one.item_id, one.name, min(usable.seq) AS seq
            FROM usable CROSS JOIN LATERAL (
                SELECT step.run_id, step.item_id, step.name, step.event, step.event_place,
                    step.event_value, step.event_after
                FROM sluice.step
                WHERE step.status = 'waiting' AND step.event IS NOT NULL
                  AND step.event = usable.name AND step.event_place = usable.place
                  AND step.event_value = usable.value
                  AND coalesce(step.event_after, 0) < usable.seq
                OFFSET 0
            ) AS one
            WHERE {where}
            GROUP BY one.run_id, one.item_id, one.name
        ) AS s {_open("s")}
        ORDER BY s.run_id, s.item_id, s.name
    """  # noqa: S608


# A step for which an earlier event is on its way has that one.
_FIND = f"""
    WITH {_READ}, kept AS (
        INSERT INTO sluice.event_value (name, place, value, received_at, seq)
        SELECT name, place, value, received_at, seq FROM usable
    )
    {_found(f"NOT ({ANY_WAKING} AND {being_given('one', before='usable.seq')})")}
    LIMIT {AT_ONCE + 1}
"""  # noqa: S608
_PAGE = f"""
    WITH {_READ}
    {_found("(one.run_id, one.item_id, one.name) > ($2::text, $3::text, $4::text)")}
    LIMIT {PAGE}
"""
_VALUE_OF_STEP = value_of(
    "v", "s.event", "s.event_place", "s.event_value", "event.received_at", "event.seq"
)
_OF_STEP = f"""
    SELECT g.seq FROM sluice.step AS s CROSS JOIN LATERAL (
        SELECT event.seq FROM sluice.event
        WHERE event.waking AND event.name = s.event AND event.seq > coalesce(s.event_after, 0)
          AND EXISTS (
              SELECT FROM sluice.event_value AS v
              WHERE {_VALUE_OF_STEP}
              OFFSET 0
          )
        ORDER BY event.seq LIMIT 1
    ) AS g {_open("s")}
    WHERE s.run_id = $1::text AND s.item_id = $2::text AND s.name = $3::text
      AND s.status = 'waiting'
"""  # noqa: S608
# The rows are there: it is the conflict that finds each by its key, and locks it in this order. The
# items are looked at once more: the page that named them may be some transactions old.
_ANSWER = f"""
    INSERT INTO sluice.step AS one (run_id, item_id, name, kind, status, position, alone,
        item_attempt, started_at, result, finished_at)
    SELECT s.run_id, s.item_id, s.name, s.kind, 'done', s.position, s.alone, s.item_attempt,
        s.started_at, e.told, now()
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t(run_id, item_id, name, seq)
    CROSS JOIN LATERAL (
        SELECT step.* FROM sluice.step
        WHERE step.run_id = t.run_id AND step.item_id = t.item_id AND step.name = t.name
        OFFSET 0
    ) AS s {_open("t")} CROSS JOIN LATERAL (
        SELECT {TOLD} AS told FROM sluice.event AS e WHERE e.seq = t.seq::bigint OFFSET 0
    ) AS e
    ON CONFLICT (run_id, item_id, name) DO UPDATE
    SET status = excluded.status, result = excluded.result, finished_at = excluded.finished_at
    WHERE one.status = 'waiting'
    RETURNING run_id, item_id, name
"""  # noqa: S608
_LATER = "UPDATE sluice.event SET waking = true WHERE seq = ANY($1::text[]::bigint[])"
_NAMES = "SELECT DISTINCT name FROM sluice.event WHERE waking ORDER BY name"
_UNFINISHED = f"""
    SELECT seq FROM sluice.event WHERE waking AND name = $1::text ORDER BY seq LIMIT {MOST_EVENTS}
"""  # noqa: S608
_HOLD = """
    SELECT pg_try_advisory_xact_lock(hashtextextended('sluice.event_wake:' || $1::text, 0))
"""
_FINISH = """
    UPDATE sluice.event SET waking = false WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.event WHERE seq = ANY($1::text[]::bigint[]) ORDER BY seq FOR UPDATE
    ))
"""


@dataclass(frozen=True, slots=True)
class AwaitedEvent:
    """An event, by ``seq``, that a step of an item waits for."""

    step: StepId
    seq: int

    @property
    def item(self) -> ItemId:
        return self.step[:2]


async def find(tx: AsyncConnection, events: Collection[int]) -> Sequence[AwaitedEvent]:
    """Who waits for these events, which ``tx`` has written, by run, item and step; of several that
    a step waits for, the first. What they have at the places known is kept for those that wait
    later. The caller holds their names shared.

    More than ``AT_ONCE``: there may be others.
    """
    return _awaited(await fetch_raw(tx, _FIND, [str(seq) for seq in events]))


async def page(
    tx: AsyncConnection, events: Collection[int], *, after: StepId
) -> Sequence[AwaitedEvent]:
    """Who still waits of those for whom these events came, behind ``after``: ``PAGE`` at the
    most."""
    return _awaited(await fetch_raw(tx, _PAGE, [str(seq) for seq in events], *after))


async def coming(tx: AsyncConnection, step: StepId) -> AwaitedEvent | None:
    """The event that is on its way to a step of an item that has not ended."""
    rows = await fetch_raw(tx, _OF_STEP, *step)
    return AwaitedEvent(step, rows[0][0]) if rows else None


def _awaited(rows: Iterable[Found]) -> Sequence[AwaitedEvent]:
    return [AwaitedEvent((run_id, item_id, name), seq) for run_id, item_id, name, seq in rows]


async def answer(tx: AsyncConnection, found: Sequence[AwaitedEvent]) -> Sequence[AwaitedEvent]:
    """Give the steps their events. Returns those that still waited, and whose items have not ended.

    ``tx`` holds the items that are suspended. A delivery that is about to suspend its item has it
    locked, and no event waits for it there: they meet at the step's row, which that delivery looks
    at last (``settled_among``).

    Args:
        found: by run, item and step, as the rows are locked.
    """
    rows = await fetch_raw(
        tx,
        _ANSWER,
        *([one.step[place] for one in found] for place in range(3)),
        [str(one.seq) for one in found],
    )
    given = {(run_id, item_id, name) for run_id, item_id, name in rows}
    return [one for one in found if one.step in given]


async def mark(tx: AsyncConnection, given: Iterable[tuple[int, ItemId]]) -> None:
    """Write with the events, by ``seq``, which items went on with each. The rows are locked in
    their order, behind those of steps."""
    items: dict[int, set[ItemId]] = defaultdict(set)
    for seq, item in given:
        items[seq].add(item)
    for ordered in chunked(TOLD_AT_ONCE, sorted(items)):
        runs = [sorted({run_id for run_id, _ in items[seq]}) for seq in ordered]
        await fetch_raw(
            tx,
            MARK,
            [str(seq) for seq in ordered],
            [str(len(items[seq])) for seq in ordered],
            ["{" + ",".join(some[:20]) + "}" for some in runs],
        )


async def put_off(tx: AsyncConnection, events: Collection[int]) -> None:
    """These, which ``tx`` has written, are given in transactions of their own."""
    await fetch_raw(tx, _LATER, [str(seq) for seq in events])


async def names(tx: AsyncConnection) -> list[str]:
    """Of which there are such events."""
    return [row[0] for row in await fetch_raw(tx, _NAMES)]


async def unfinished(tx: AsyncConnection, name: str) -> list[int]:
    """Such events of a name, the earliest first."""
    return [row[0] for row in await fetch_raw(tx, _UNFINISHED, name)]


async def hold(tx: AsyncConnection, name: str) -> bool:
    """Whether nobody else gives such events of this name just now, nor begins to before the end of
    ``tx``."""
    [(ours,)] = await fetch_raw(tx, _HOLD, name)
    return bool(ours)


async def finish(tx: AsyncConnection, events: Collection[int]) -> None:
    """Whoever waited for these has been given them."""
    await fetch_raw(tx, _FINISH, [str(seq) for seq in events])
