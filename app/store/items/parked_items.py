"""Items of a run whose partitions have limits: how many of each may begin, and those that wait.

An item that may not begin yet is suspended and parked: it has no message, and takes none of the
run's look-ahead. Whoever changes what is here has the run's row locked, so that what one counts
another has committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.runs.runs import OUTSTANDING

Window = Callable[[str], int]
"""How many items of a partition may have begun, or be about to."""

_ADMITTED = """
    SELECT partition, admitted FROM sluice.run_partition
    WHERE run_id = $1::text AND partition = ANY($2::text[])
"""
_ADD = """
    INSERT INTO sluice.run_partition AS p (run_id, partition, admitted)
    SELECT $1::text, t.partition, t.n FROM unnest($2::text[], $3::text[]::int[]) AS t(partition, n)
    ON CONFLICT (run_id, partition) DO UPDATE
    SET admitted = greatest(p.admitted + excluded.admitted, 0)
    RETURNING partition, admitted
"""
_PARK = """
    INSERT INTO sluice.parked_item (run_id, partition, item_id)
    SELECT $1::text, t.partition, t.item_id
    FROM unnest($2::text[], $3::text[]) AS t(partition, item_id)
    ON CONFLICT DO NOTHING
"""
_SUSPEND = f"""
    UPDATE sluice.run SET suspended = suspended + $2::bigint,
        held = held AND {OUTSTANDING} - $2::bigint >= $3::bigint
    WHERE id = $1::text
"""  # noqa: S608 - no value is pasted in
# Rows that somebody has locked are passed over: who waits for the run's row may have them, and it
# is only to end them.
_RELEASE = """
    WITH chosen AS (
        SELECT found.item_id, k.partition
        FROM unnest($2::text[], $3::text[]::int[]) AS k(partition, room)
        CROSS JOIN LATERAL (
            SELECT item.item_id FROM sluice.parked_item p
            JOIN sluice.item ON item.run_id = p.run_id AND item.item_id = p.item_id
            WHERE p.run_id = $1::text AND p.partition = k.partition AND item.status = 'suspended'
            ORDER BY p.item_id LIMIT k.room FOR UPDATE OF item SKIP LOCKED
        ) AS found
    ), gone AS (
        DELETE FROM sluice.parked_item p USING chosen
        WHERE p.run_id = $1::text AND p.partition = chosen.partition AND p.item_id = chosen.item_id
    )
    UPDATE sluice.item SET status = 'pending' FROM chosen
    WHERE item.run_id = $1::text AND item.item_id = chosen.item_id
    RETURNING item.item_id, item.partition
"""
# By what is admitted and parked of each run that has not ended, of which there are few.
_FULLEST = """
    SELECT p.partition, count(*) FROM sluice.parked_item p
    WHERE p.run_id = ANY(ARRAY(
        SELECT id FROM sluice.run WHERE family = ANY($1::text[]) AND finished_at IS NULL
    ))
    GROUP BY p.partition ORDER BY count(*) DESC, p.partition LIMIT $2::int
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


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a page's new items: which may begin, and how many are parked."""

    ready: Sequence[str]
    parked: int


async def full(tx: AsyncConnection, run_id: str, of: Mapping[str, str], window: Window) -> set[str]:
    """Of these items of a run that ``tx`` has locked, those that may not begin yet.

    Args:
        of: by id, each one's partition; empty: it has none.
    """
    names = sorted({name for name in of.values() if name})
    admitted = Counter(dict(await _rows(tx, _ADMITTED, run_id, names))) if names else Counter()
    parked = set()
    for item_id, name in of.items():
        if name and admitted[name] >= window(name):
            parked.add(item_id)
        elif name:
            admitted[name] += 1
    return parked


async def place(
    tx: AsyncConnection,
    run_id: str,
    fresh: Sequence[str],
    of: Mapping[str, str],
    parked: Collection[str],
    window: Window,
    *,
    look_ahead: int,
) -> Placed:
    """Count the new rows of a page, which has been added with ``parked`` as suspended."""
    admitted = Counter(of[one] for one in fresh if one not in parked and of[one])
    if admitted:
        await _rows(tx, _ADD, run_id, list(admitted), list(admitted.values()))
    waits = [one for one in fresh if one in parked]
    ready = [one for one in fresh if one not in parked]
    if not waits:
        return Placed(ready, 0)
    await _rows(tx, _PARK, run_id, [of[one] for one in waits], waits)
    await _rows(tx, _SUSPEND, run_id, len(waits), look_ahead)
    # Some that were counted may have been there before.
    ready += await release(tx, run_id, dict.fromkeys((of[one] for one in waits), 0), window)
    return Placed(ready, len(waits))


async def release(
    tx: AsyncConnection, run_id: str, freed: Mapping[str, int], window: Window
) -> list[str]:
    """Let as many begin as there is room for. Returns their ids, whose messages are to be
    published.

    Args:
        freed: by partition, how many of those that were admitted have had an outcome.
    """
    if not freed:
        return []
    given = [-number for number in freed.values()]
    now = await _rows(tx, _ADD, run_id, list(freed), given)
    room = {name: window(name) - admitted for name, admitted in now if window(name) > admitted}
    if not room:
        return []
    found = await _rows(tx, _RELEASE, run_id, list(room), list(room.values()))
    if not found:
        return []
    begun = Counter(name for _, name in found)
    await _rows(tx, _ADD, run_id, list(begun), list(begun.values()))
    await tx.exec_driver_sql(
        "UPDATE sluice.run SET suspended = suspended - $2::bigint WHERE id = $1::text",
        (run_id, len(found)),
    )
    return [item_id for item_id, _ in found]


async def top_up(tx: AsyncConnection, run_id: str, window: Window) -> list[str]:
    """Count what the rows of a run say that ``tx`` has locked, and let begin what may."""
    names = [name for (name,) in await fetch_raw(tx, _RECOUNT, run_id)]
    return await release(tx, run_id, dict.fromkeys(names, 0), window)


async def any_parked(tx: AsyncConnection, run_id: str) -> bool:
    [(found,)] = await fetch_raw(tx, _PARKED, run_id)
    return bool(found)


async def prune(tx: AsyncConnection, run_id: str) -> None:
    """Of a run whose items are deleted."""
    await fetch_raw(tx, _PRUNE, run_id)


async def fullest(tx: AsyncConnection, families: Sequence[str], limit: int) -> dict[str, int]:
    """By partition, how many items are parked of these families' runs that have not ended; of those
    with the most."""
    return dict(await _rows(tx, _FULLEST, families, limit))


async def _rows(tx: AsyncConnection, statement: str, *values: object) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in await fetch_raw(tx, statement, *values)]
