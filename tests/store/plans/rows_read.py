"""How many rows a plan reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import fsum, inf
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

Plan = dict[str, Any]  # as Postgres tells it

SMALL = {"notification_target", "consumer", "pg_database"}
"""Tables of some hundred rows at the most, which are read as a whole."""
STANDS_IN = {"ix_run_family", "ix_run_active", "ix_event_name", "ix_notification_delivery_target"}
"""Indexes that cost no more than the primary key does, which is their last column, while they are
of one page; of families, names of events and targets there are few (docs/decisions/0005)."""
_OF_ONE = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
_FIRST_COLUMNS = """
    SELECT relname, attname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE relnamespace = 'sluice'::regnamespace
"""


async def first_columns(tx: AsyncConnection) -> Mapping[str, str]:
    """By index."""
    found = (await tx.exec_driver_sql(_FIRST_COLUMNS)).mappings()
    return {row["relname"]: row["attname"] for row in found}


async def rows_read(tx: AsyncConnection, execute: str) -> float:
    """By a statement that is carried out, and undone; with those that a filter dropped."""
    return _number(await _explained(tx, execute))


async def rows_by_key(tx: AsyncConnection, execute: str, first: Mapping[str, str]) -> float:
    """Likewise; ``inf`` where any part of its plan, which may have had nothing to do this time,
    reads a table or an index from its beginning to its end.

    Args:
        first: each index's first column: by a condition on its others alone all of it is read.
    """
    plan = await _explained(tx, execute)
    return inf if any(_reads_all(scan, first) for scan in _scans(plan)) else _number(plan)


async def pairs_dropped(tx: AsyncConnection, execute: str) -> float:
    """By the joins of a statement that is carried out, and undone: each row of the one side, with
    one of the other, that a join has compared for nothing."""
    joins = _parts(await _explained(tx, execute))
    return fsum(one["Actual Loops"] * one.get("Rows Removed by Join Filter", 0) for one in joins)


async def _explained(tx: AsyncConnection, execute: str) -> Plan:
    async with tx.begin_nested() as once:
        asked = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {execute}"
        found = (await tx.exec_driver_sql(asked)).scalar_one()
        await once.rollback()
    [told] = json.loads(found) if isinstance(found, str) else found
    plan: Plan = told["Plan"]
    return plan


def _number(plan: Plan) -> float:
    return fsum(
        scan["Actual Loops"] * scan.get(rows, 0) for scan in _scans(plan) for rows in _OF_ONE
    )


def _scans(plan: Plan) -> Iterator[Plan]:
    """The parts of a plan that read a table or an index."""
    for part in _parts(plan):
        reads = "Relation Name" in part and part["Node Type"] != "ModifyTable"
        if reads and part["Relation Name"] not in SMALL:
            yield part


def _parts(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _parts(part)


def _reads_all(scan: Plan, first: Mapping[str, str]) -> bool:
    if scan["Node Type"] == "Seq Scan":
        return True
    condition, index = scan.get("Index Cond"), scan.get("Index Name")
    if condition is None or index is None or index in STANDS_IN:
        return False
    column = first[index]
    return not re.search(rf"\({column}(?: COLLATE \S+)? (?:[=<>]|IS )|ROW\({column}\b", condition)
