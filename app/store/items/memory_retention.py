"""Deleting what is remembered and counts no more: it is too old, was forgotten, or its family is
gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

BATCH = 1_000
"""Rows that are looked at in one transaction."""
GONE_FOR = timedelta(days=90)
"""After so long without a service that has the family, what it remembers goes."""

# Who has one in hand, a service that starts, has seen it by that.
_SEEN = text("""
    UPDATE sluice.memory SET seen_at = now() WHERE id = ANY(ARRAY(
        SELECT id FROM sluice.memory
        WHERE family = ANY(CAST(:families AS text[])) AND seen_at < now() - interval '1 hour'
        FOR UPDATE SKIP LOCKED
    ))
""")
_DUE = text("""
    SELECT id, family, seen_at < now() - CAST(:gone AS interval) AS gone, forgotten_at,
           coalesce(pruned_to, '')  -- which is before every id
    FROM sluice.memory
    WHERE pruned_to IS NOT NULL OR coalesce(pruned_at <= now() - CAST(:every AS interval), true)
    ORDER BY id
""")
# Of one commit with what is deleted, so that whoever is cut off goes on from there.
_MOVE_ON = text("""
    UPDATE sluice.memory
    SET pruned_to = batch.last,
        pruned_at = CASE WHEN batch.last IS NULL THEN now() ELSE pruned_at END
    FROM (SELECT max(item_id) AS last FROM (
        SELECT item_id FROM sluice.remembered WHERE memory_id = :memory AND item_id > :after
        ORDER BY item_id LIMIT :batch
    ) AS ids) AS batch
    WHERE id = :memory RETURNING batch.last
""")
# A row that somebody writes just now is not old any more, and nobody is waited for.
_DELETE = text("""
    DELETE FROM sluice.remembered WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM sluice.remembered
        WHERE memory_id = :memory AND item_id > :after AND item_id <= :last
          AND (:everything OR at <= coalesce(CAST(:forgotten AS timestamptz), '-infinity')
               OR at <= now() - CAST(:within AS interval))
        FOR UPDATE SKIP LOCKED
    ))
""")

log = structlog.get_logger("sluice.retention")


async def prune_memories(
    database: AsyncEngine,
    kept: Mapping[str, timedelta | None],
    *,
    every: timedelta = timedelta(0),
    rests: float = 0.0,
) -> int:
    """Delete what counts no more. Returns how many rows. Safe to stop at any point: the next one
    goes on from there, in whatever process.

    Args:
        kept: of the families that are here, for how long they remember; None: for good.
        every: what was gone through to its end less long ago is left alone.
        rests: how many times as long as each transaction took nothing is done after it.
    """
    async with database.begin() as tx:
        await tx.execute(_SEEN, {"families": list(kept)})
        due = (await tx.execute(_DUE, {"gone": GONE_FOR, "every": every})).all()
    number = 0
    for memory_id, family, gone, forgotten_at, after in due:
        everything, within = gone and family not in kept, kept.get(family)
        if everything or within is not None or forgotten_at is not None:
            values = {"everything": everything, "within": within, "forgotten": forgotten_at}
            number += await _prune(database, {"memory": memory_id, **values}, after, rests)
    if number:
        log.info("memories_pruned", items=number)
    return number


async def _prune(
    database: AsyncEngine, values: Mapping[str, object], after: str, rests: float
) -> int:
    """In the order of their ids, each transaction from where the one before has ended."""
    number = 0
    while True:
        began = time.monotonic()
        async with database.begin() as tx:
            where = {"memory": values["memory"], "after": after}
            last: str | None = await tx.scalar(_MOVE_ON, {**where, "batch": BATCH})
            if last is None:
                return number
            number += (await tx.execute(_DELETE, {**values, **where, "last": last})).rowcount
        after = last
        await asyncio.sleep(rests * (time.monotonic() - began))
