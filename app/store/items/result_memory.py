"""Which items of a family have a result, as its runs have ended them; whether those runs are still
there or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.chunks import chunked
from app.connections.driver import fetch_raw
from app.store.database import reading
from app.store.items.claims import AT_ONCE

# In the order of their keys, so that of two transactions that remember the same items neither has
# what the other waits for.
_REMEMBER = """
    INSERT INTO sluice.remembered (memory_id, item_id, params_key, version, run_id, at)
    SELECT t.memory_id, t.item_id, t.params_key, t.version, t.run_id, now()
    FROM unnest($1::text[]::int[], $2::text[], $3::text[], $4::text[]::int[], $5::text[])
        AS t(memory_id, item_id, params_key, version, run_id)
    ON CONFLICT (memory_id, item_id, params_key) DO UPDATE
    SET version = excluded.version, run_id = excluded.run_id, at = excluded.at
"""
_COUNTS = """
    at > coalesce((SELECT forgotten_at FROM sluice.memory WHERE id = $1::int), '-infinity')
    AND ($5::interval IS NULL OR at > now() - $5::interval)
"""
_LOOK_UP = f"""
    SELECT coalesce(array_agg(item_id) FILTER (WHERE version = $4::int), '{{}}'),
           coalesce(array_agg(item_id) FILTER (WHERE version <> $4::int), '{{}}')
    FROM sluice.remembered
    WHERE memory_id = $1::int AND item_id = ANY($2::text[]) AND params_key = $3::text AND {_COUNTS}
"""  # noqa: S608 - no value is pasted in
_REGISTER = """
    INSERT INTO sluice.memory (family, version)
    SELECT t.family, t.version FROM unnest($1::text[], $2::text[]::int[]) AS t(family, version)
    ON CONFLICT (family) DO UPDATE
    SET version = greatest(memory.version, excluded.version), seen_at = now()
    RETURNING id, family, version
"""
_FORGET_ALL = """
    UPDATE sluice.memory SET forgotten_at = clock_timestamp(), version = $2::int WHERE id = $1::int
"""
# Locked in the order of their keys, as they are written.
_FORGET = """
    WITH these AS (
        SELECT memory_id, item_id, params_key FROM sluice.remembered
        WHERE memory_id = $1::int AND item_id = ANY($2::text[])
        ORDER BY item_id, params_key FOR UPDATE
    ), gone AS (
        DELETE FROM sluice.remembered AS one USING these
        WHERE one.memory_id = $1::int AND one.item_id = ANY($2::text[])
          AND one.memory_id = these.memory_id AND one.item_id = these.item_id
          AND one.params_key = these.params_key
        RETURNING one.item_id
    )
    SELECT count(DISTINCT item_id) FROM gone
"""


@dataclass(frozen=True, slots=True)
class ResultMemory:
    """What a family remembers of its items' results.

    ``version``: of results that count. ``within``: for how long one does; None: for good.
    ``database``: asked by key alone.
    """

    id: int
    version: int
    within: timedelta | None
    database: AsyncEngine

    async def look_up(self, item_ids: Sequence[str], params_key: str) -> RememberedIds:
        """One look-up for all of them."""
        values = (self.id, list(item_ids), params_key, self.version, self.within)
        async with reading(self.database) as connection:
            [(present, stale)] = await fetch_raw(connection, _LOOK_UP, *values)
        return RememberedIds(present, stale)


@dataclass(frozen=True, slots=True)
class RememberedIds:
    """``stale``: of those that have a result of another version, which does not count."""

    present: Collection[str]
    stale: Collection[str]


@dataclass(frozen=True, slots=True)
class RememberedPlace:
    """Where an item's success is to be remembered, beside the item and the run."""

    memory_id: int
    params_key: str
    version: int


@dataclass(frozen=True, slots=True)
class Registered:
    """``version``: the highest that the family has had."""

    id: int
    version: int


def by_place(
    every: Iterable[tuple[tuple[str, str], RememberedPlace | None]],
) -> dict[tuple[str, str], RememberedPlace]:
    """Those that are to be remembered, by run and item. Of two deliveries of one item, which cannot
    both be the one that has it, the lower version: it claims less."""
    places: dict[tuple[str, str], RememberedPlace] = {}
    for at, place in every:
        if place is not None and (at not in places or place.version < places[at].version):
            places[at] = place
    return places


async def remember(tx: AsyncConnection, places: Mapping[tuple[str, str], RememberedPlace]) -> None:
    """Remember these successes, by run and item; in the transaction of their outcomes."""
    rows: dict[tuple[int, str, str], tuple[int, str]] = {}
    for (run_id, item_id), place in places.items():
        rows[place.memory_id, item_id, place.params_key] = place.version, run_id
    ordered = [(*key, *rows[key]) for key in sorted(rows)]
    await fetch_raw(tx, _REMEMBER, *(list(column) for column in zip(*ordered, strict=True)))


async def register(tx: AsyncConnection, versions: Mapping[str, int]) -> dict[str, Registered]:
    """Families that remember, by name, with their versions. Safe to repeat, and at the start of
    several processes at once."""
    names = sorted(versions)
    rows = await fetch_raw(tx, _REGISTER, names, [versions[name] for name in names])
    return {family: Registered(number, version) for number, family, version in rows}


async def forget(tx: AsyncConnection, memory: ResultMemory, item_ids: Sequence[str]) -> int:
    """Whatever is remembered of these items. Returns of how many of them anything was."""
    number = 0
    for some in chunked(AT_ONCE, sorted(item_ids)):  # each row is compared with each of these
        [(gone,)] = await fetch_raw(tx, _FORGET, memory.id, list(some))
        number += gone
    return number


async def forget_all(tx: AsyncConnection, memory: ResultMemory) -> None:
    """At once, whatever the number: what was remembered until now counts no more. The rows go with
    the next pruning."""
    await fetch_raw(tx, _FORGET_ALL, memory.id, memory.version)
