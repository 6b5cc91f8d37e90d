"""What backfills and their partitions came to: counted over runs, also where those are deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Integer, case, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables.backfills import BackfillPartition
from app.store.tables.base import Json
from app.store.tables.runs import Run

_PARTITION = BackfillPartition.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_RUN = Run.__table__  # type: ignore[attr-defined]
OUTCOMES = ("succeeded", "skipped", "failed", "cancelled", "timed_out")


async def items(tx: AsyncConnection, backfill_id: str) -> dict[str, int]:
    """Items by outcome over all runs, also of those whose rows were deleted, and ``scheduled``."""
    sums = [
        func.coalesce(
            func.sum(
                case(
                    (_RUN.c.id.is_not(None), _RUN.c[name]),
                    else_=cast(_PARTITION.c.counters[name].astext, Integer),
                )
            ),
            0,
        ).label(name)
        for name in OUTCOMES
    ]
    query = (
        select(func.coalesce(func.sum(_RUN.c.scheduled), 0).label("scheduled"), *sums)
        .select_from(_PARTITION.outerjoin(_RUN, _RUN.c.id == _PARTITION.c.run_id))
        .where(_PARTITION.c.backfill_id == backfill_id)
    )
    row = (await tx.execute(query)).mappings().one()
    return {name: int(value) for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class Before:
    """What runs over a whole partition came to."""

    succeeded: bool
    latest: str


async def before(
    tx: AsyncConnection,
    family: str,
    fields: Sequence[str],
    partitions: Mapping[str, Json],
) -> dict[str, Before]:
    """By key, what became of partitions that had a run before; the others are left out.

    A run over single items, up to a limit, or over what failed is none over the whole of it. Runs
    whose rows were deleted are known if a backfill had begun them.

    Args:
        fields: the params that make a partition, as JSON names them.
        partitions: all params of each, by key.
    """
    rows = await tx.execute(
        text("""
            WITH wanted AS (
                SELECT key, CAST(params AS jsonb) AS params,
                    (SELECT jsonb_object_agg(f, CAST(params AS jsonb) -> f)
                     FROM unnest(CAST(:fields AS text[])) AS f) AS part
                FROM unnest(CAST(:keys AS text[]), CAST(:params AS text[])) AS t(key, params)
            ), ran AS (
                SELECT id, status, params FROM sluice.run
                WHERE family = :family AND finished_at IS NOT NULL AND item_ids IS NULL
                  AND item_list IS NULL
                  AND item_limit IS NULL AND retry_of IS NULL AND parent_run IS NULL
                UNION ALL
                SELECT p.run_id, p.status, p.params
                FROM sluice.backfill_partition AS p
                JOIN sluice.backfill AS b ON b.id = p.backfill_id
                WHERE b.family = :family AND p.run_id IS NOT NULL AND p.status <> 'active'
            ), had AS (
                SELECT id, status, params,
                    (SELECT jsonb_object_agg(f, params -> f)
                     FROM unnest(CAST(:fields AS text[])) AS f) AS part
                FROM ran
            )
            SELECT key, bool_or(status = 'succeeded'), (array_agg(status ORDER BY id DESC))[1]
            FROM wanted JOIN had ON had.part = wanted.part AND had.params <@ wanted.params
            GROUP BY key
        """),
        {
            "family": family,
            "fields": list(fields),
            "keys": list(partitions),
            "params": [json.dumps(params) for params in partitions.values()],
        },
    )
    return {row[0]: Before(row[1], row[2]) for row in rows}
