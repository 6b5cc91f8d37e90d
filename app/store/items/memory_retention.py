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

_SEEN = text("""
    UPDATE sluice.memory SET seen_at = now() WHERE id = ANY(ARRAY(
        SELECT id FROM sluice.memory
        WHERE family = ANY(CAST(:families AS text[])) AND seen_at < now() - interval '1 hour'
        ORDER BY family FOR UPDATE
    ))
""")
_DUE = text("""
    SELECT id, family, seen_at < now() - CAST(:gone AS interval) AS gone, forgotten_at
    FROM sluice.memory ORDER BY id
""")
_LAST = text("""
    SELECT max(item_id) FROM (
        SELECT item_id FROM sluice.remembered WHERE memory_id = :memory AND item_id > :after
        ORDER BY item_id LIMIT :batch
    ) AS batch
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
    database: AsyncEngine, kept: Mapping[str, timedelta | None], *, rests: float = 0.0
) -> int:
    """Delete what counts no more. Returns how many rows. Safe to stop at any point and to repeat.

    Args:
        kept: of the families that are here, for how long they remember; None: for good.
        rests: how many times as long as each transaction took nothing is done after it.
    """
    async with database.begin() as tx:
        await tx.execute(_SEEN, {"families": list(kept)})
        due = (await tx.execute(_DUE, {"gone": GONE_FOR})).all()
    number = 0
    for memory_id, family, gone, forgotten_at in due:
        everything, within = gone and family not in kept, kept.get(family)
        if everything or within is not None or forgotten_at is not None:
            values = {"everything": everything, "within": within, "forgotten": forgotten_at}
            number += await _prune(database, {"memory": memory_id, **values}, rests)
    if number:
        log.info("memories_pruned", items=number)
    return number


async def _prune(database: AsyncEngine, values: Mapping[str, object], rests: float) -> int:
    """In the order of their ids, each transaction from where the one before has ended."""
    number, after = 0, ""  # before every id
    while True:
        began = time.monotonic()
        async with database.begin() as tx:
            where = {"memory": values["memory"], "after": after}
            last: str | None = await tx.scalar(_LAST, {**where, "batch": BATCH})
            if last is None:
                return number
            number += (await tx.execute(_DELETE, {**values, **where, "last": last})).rowcount
        after = last
        await asyncio.sleep(rests * (time.monotonic() - began))
