"""An event that comes: kept by what it has at the places at which items wait, and given to those
that wait for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.config.priorities import ORDINARY
from app.connections.driver import fetch_raw
from app.store.events.event_match import MARK, TOLD, USABLE, VALUE
from app.store.steps.steps import ItemId, StepId

# Each step and item is looked up by its key (OFFSET 0 keeps it so): a join that is planned while
# the tables are empty reads all of them (docs/decisions/0005).
_FIND = f"""
    WITH read AS MATERIALIZED (
        SELECT e.seq, e.name, p.place, {VALUE} AS value, e.received_at
        FROM sluice.event AS e JOIN sluice.event_place AS p ON p.name = e.name
        WHERE e.seq = ANY($1::text[]::bigint[])
    ), usable AS MATERIALIZED (
        SELECT * FROM read WHERE {USABLE}
    ), kept AS (
        INSERT INTO sluice.event_value (name, place, value, received_at, seq)
        SELECT name, place, value, received_at, seq FROM usable
    )
    SELECT s.run_id, s.item_id, s.name, run.family, min(usable.seq),
        min(coalesce((run.options ->> 'priority')::int, {ORDINARY}))
    FROM usable CROSS JOIN LATERAL (
        SELECT step.run_id, step.item_id, step.name FROM sluice.step
        WHERE step.status = 'waiting' AND step.event IS NOT NULL AND step.event = usable.name
          AND step.event_place = usable.place AND step.event_value = usable.value
        OFFSET 0
    ) AS s CROSS JOIN LATERAL (
        SELECT FROM sluice.item WHERE item.run_id = s.run_id AND item.item_id = s.item_id
            AND item.status IN ('suspended', 'pending')
        OFFSET 0
    ) AS open JOIN sluice.run ON run.id = s.run_id
    GROUP BY s.run_id, s.item_id, s.name, run.family
    ORDER BY s.run_id, s.item_id, s.name
"""  # noqa: S608 - no value is pasted in
_SUSPENDED = """
    SELECT i.ctid, i.run_id, i.item_id
    FROM unnest($1::text[], $2::text[]) AS t(run_id, item_id) CROSS JOIN LATERAL (
        SELECT item.ctid, item.run_id, item.item_id FROM sluice.item
        WHERE item.run_id = t.run_id AND item.item_id = t.item_id AND item.status = 'suspended'
        FOR UPDATE
    ) AS i
"""
_WAKE = f"""
    UPDATE sluice.item SET due_at = now()
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM ({_SUSPENDED}) AS found))
    RETURNING run_id, item_id
"""  # noqa: S608
# The rows are there: it is the conflict that finds each by its key, and locks it in this order.
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
    ) AS s CROSS JOIN LATERAL (
        SELECT {TOLD} AS told FROM sluice.event AS e WHERE e.seq = t.seq::bigint OFFSET 0
    ) AS e
    ON CONFLICT (run_id, item_id, name) DO UPDATE
    SET status = excluded.status, result = excluded.result, finished_at = excluded.finished_at
    WHERE one.status = 'waiting'
    RETURNING run_id, item_id, name
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class AwaitedEvent:
    """An event, by ``seq``, that a step of an item waits for. ``priority``: of its run."""

    step: StepId
    family: str
    seq: int
    priority: int

    @property
    def item(self) -> ItemId:
        return self.step[:2]


async def find(tx: AsyncConnection, events: Collection[int]) -> Sequence[AwaitedEvent]:
    """Who waits for these events, which ``tx`` has written, by run, item and step; of several that
    a step waits for, the first. What they have at the places known is kept for those that wait
    later. The caller holds their names shared.
    """
    rows = await fetch_raw(tx, _FIND, [str(seq) for seq in events])
    return [
        AwaitedEvent((run_id, item_id, name), family, seq, priority)
        for run_id, item_id, name, family, seq, priority in rows
    ]


async def answer(tx: AsyncConnection, found: Sequence[AwaitedEvent]) -> Sequence[AwaitedEvent]:
    """Give the steps their events. Returns those that still waited.

    Items that are suspended first, as whoever wakes one does: a timeout locks them in this order,
    too. A delivery that is about to suspend its item has it locked, and no event waits for it
    there: they meet at the step's row, which that delivery looks at last (``settled_among``).
    """
    await fetch_raw(tx, _SUSPENDED, *_columns({one.item for one in found}))
    rows = await fetch_raw(
        tx,
        _ANSWER,
        *([one.step[place] for one in found] for place in range(3)),
        [str(one.seq) for one in found],
    )
    given = {(run_id, item_id, name) for run_id, item_id, name in rows}
    return [one for one in found if one.step in given]


async def wake(tx: AsyncConnection, given: Iterable[AwaitedEvent]) -> list[ItemId]:
    """Let those of their items that are suspended be due now. Returns which; each needs a
    message."""
    rows = await fetch_raw(tx, _WAKE, *_columns({one.item for one in given}))
    return [(run_id, item_id) for run_id, item_id in rows]


async def mark(tx: AsyncConnection, given: Iterable[tuple[int, ItemId]]) -> None:
    """Write with the events, by ``seq``, which items went on with each."""
    items: dict[int, set[ItemId]] = defaultdict(set)
    for seq, item in given:
        items[seq].add(item)
    runs = [sorted({run_id for run_id, _ in some}) for some in items.values()]
    await fetch_raw(
        tx,
        MARK,
        [str(seq) for seq in items],
        [str(len(some)) for some in items.values()],
        ["{" + ",".join(some[:20]) + "}" for some in runs],
    )


def _columns(items: Collection[ItemId]) -> tuple[list[object], list[object]]:
    ordered = sorted(items)
    return [run_id for run_id, _ in ordered], [item_id for _, item_id in ordered]
