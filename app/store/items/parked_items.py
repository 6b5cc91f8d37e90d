"""Items of a run whose partitions have limits: how many of each may begin, and those that wait.

An item that may not begin yet is suspended and parked: it has no message, and takes none of the
run's look-ahead. Whoever changes what is here has the run's row locked, so that what one counts
another has committed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.arrays import joined, split
from app.connections.driver import fetch_raw

Window = Callable[[str], int]
"""How many items of a partition may have begun, or be about to."""
MOST_COUNTED = 100_000
"""Items that are parked, of a family."""

_NAMES = "ARRAY(SELECT json_array_elements_text($2::json))"
_ADMIT = f"""
    INSERT INTO sluice.run_partition AS p (run_id, partition, admitted)
    SELECT $1::text, t.partition, t.n FROM unnest({_NAMES}, {split(3)}::int[]) AS t(partition, n)
    ON CONFLICT (run_id, partition) DO UPDATE SET admitted = p.admitted + excluded.admitted
"""  # noqa: S608 - no value is pasted in
# What is parked is suspended, and counted as that behind the same lock.
_ADMITTED = f"""
    SELECT partition, admitted FROM sluice.run_partition
    WHERE run_id = $1::text AND partition = ANY({_NAMES})
      AND EXISTS (SELECT FROM sluice.run WHERE id = $1::text AND suspended > 0)
"""  # noqa: S608
# Rows that somebody has locked are passed over: who waits for the run's row may have them, and it
# is only to end them. Rows are found by `LATERAL` with a lock in it, by `= ANY` and by their place:
# the plan of a join that was made while the tables were empty reads all of the run
# (docs/decisions/0005).
_RELEASE = """
    WITH chosen AS MATERIALIZED (
        SELECT found.place, found.item_id
        FROM unnest($2::text[], $3::text[]::int[]) AS k(partition, room)
        CROSS JOIN LATERAL (
            SELECT p.ctid AS place, p.item_id FROM sluice.parked_item p
            CROSS JOIN LATERAL (
                SELECT FROM sluice.item
                WHERE item.run_id = $1::text AND item.item_id = p.item_id
                  AND item.status = 'suspended'
                FOR UPDATE SKIP LOCKED
            ) AS waits
            WHERE p.run_id = $1::text AND p.partition = k.partition
            ORDER BY p.item_id LIMIT k.room
        ) AS found
    ), gone AS (
        DELETE FROM sluice.parked_item WHERE ctid = ANY(ARRAY(SELECT place FROM chosen))
    )
    UPDATE sluice.item SET status = 'pending'
    WHERE run_id = $1::text AND item_id = ANY(ARRAY(SELECT item_id FROM chosen))
    RETURNING item_id, partition
"""
# By what is admitted and parked of each run that has not ended, of which there are few.
_FULLEST = """
    SELECT p.partition, count(*) FROM sluice.parked_item p
    WHERE p.run_id = ANY(ARRAY(
        SELECT id FROM sluice.run WHERE family = ANY($1::text[]) AND finished_at IS NULL
    )) AND ($3::text IS NULL OR p.partition = $3::text)
    GROUP BY p.partition ORDER BY count(*) DESC, p.partition LIMIT $2::int
"""
# By index, and no further than so many.
_COUNT = """
    SELECT f.family, (
        SELECT count(*) FROM (
            SELECT FROM sluice.parked_item WHERE run_id = ANY(ARRAY(
                SELECT id FROM sluice.run WHERE family = f.family AND finished_at IS NULL
            )) LIMIT $2::int
        ) AS counted
    )
    FROM unnest($1::text[]) AS f(family)
"""
_RECOUNT = """
    WITH counted AS (
        SELECT partition, count(*) FILTER (WHERE status = 'pending' AND NOT begun) AS n
        FROM sluice.item WHERE run_id = $1::text AND partition <> '' GROUP BY partition
    )
    INSERT INTO sluice.run_partition AS p (run_id, partition, admitted)
    SELECT $1::text, partition, n FROM counted
    ON CONFLICT (run_id, partition) DO UPDATE SET admitted = excluded.admitted
    RETURNING partition
"""
# What is parked goes with the items.
_PRUNE = "DELETE FROM sluice.run_partition WHERE run_id = $1::text"
_PARKED = "SELECT EXISTS (SELECT FROM sluice.parked_item WHERE run_id = $1::text)"


async def release(
    tx: AsyncConnection, run_id: str, names: Collection[str], window: Window
) -> list[str]:
    """Let as many begin of these partitions as there is room for. Returns their ids, whose messages
    are to be published."""
    if not names:
        return []
    now = await _rows(tx, _ADMITTED, run_id, _json(names))
    room = {name: window(name) - admitted for name, admitted in now}
    room = {name: number for name, number in room.items() if number > 0}
    if not room:
        return []
    found = await _rows(tx, _RELEASE, run_id, list(room), list(room.values()))
    if not found:
        return []
    begun = Counter(name for _, name in found)
    await fetch_raw(tx, _ADMIT, run_id, _json(begun), joined(begun.values()))
    await tx.exec_driver_sql(
        "UPDATE sluice.run SET suspended = suspended - $2::bigint WHERE id = $1::text",
        (run_id, len(found)),
    )
    return [item_id for item_id, _ in found]


async def top_up(tx: AsyncConnection, run_id: str, window: Window) -> list[str]:
    """Count what the rows of a run say that ``tx`` has locked, and let begin what may."""
    names = [name for (name,) in await fetch_raw(tx, _RECOUNT, run_id)]
    return await release(tx, run_id, names, window)


async def any_parked(tx: AsyncConnection, run_id: str) -> bool:
    [(found,)] = await fetch_raw(tx, _PARKED, run_id)
    return bool(found)


async def prune(tx: AsyncConnection, run_id: str) -> None:
    """Delete those of a run whose items are deleted."""
    await fetch_raw(tx, _PRUNE, run_id)


async def fullest(
    tx: AsyncConnection, families: Sequence[str], limit: int, only: str | None = None
) -> dict[str, int]:
    """How many items are parked, by partition, in unfinished runs of these families; the partitions
    with the most, or ``only`` this one."""
    return dict(await _rows(tx, _FULLEST, families, limit, only))


async def number(tx: AsyncConnection, families: Sequence[str]) -> dict[str, int]:
    """How many items are parked in unfinished runs of each family, ``MOST_COUNTED`` at the most."""
    return dict(await _rows(tx, _COUNT, families, MOST_COUNTED))


def _json(names: Iterable[str]) -> str:
    """A partition may hold any character; of an array the driver would look at each."""
    return json.dumps(list(names), ensure_ascii=False)


async def _rows(tx: AsyncConnection, statement: str, *values: object) -> list[tuple[str, Any]]:
    return [(row[0], row[1]) for row in await fetch_raw(tx, statement, *values)]
