"""Operators' overrides of flow control."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.tables.service import FlowOverride

_TABLE = FlowOverride.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_ALL = f"SELECT {', '.join(_TABLE.c.keys())} FROM sluice.flow_override"  # noqa: S608 - our columns
_CODE = {"pinned": False, "parallelism": None, "rate": None, "period_ms": None}
_PAUSED = """
    SELECT key FROM sluice.flow_override WHERE key = ANY($1::text[]) AND paused ORDER BY key
"""
_PARTITIONS = """
    SELECT key, partition, parallelism, rate, period_ms FROM sluice.flow_partition_override
    WHERE $1::text IS NULL OR key = $1::text
"""
_PIN_PARTITION = """
    INSERT INTO sluice.flow_partition_override
        (key, partition, parallelism, rate, period_ms, changed_by)
    VALUES ($1::text, $2::text, $3::int, $4::float8, $5::bigint, $6::text)
    ON CONFLICT (key, partition) DO UPDATE SET
        parallelism = excluded.parallelism, rate = excluded.rate, period_ms = excluded.period_ms,
        changed_by = excluded.changed_by, changed_at = now()
"""
_UNPIN_PARTITION = """
    DELETE FROM sluice.flow_partition_override WHERE key = $1::text AND partition = $2::text
"""
# Each process asks this more than once a second, and mostly there is nothing.
_STANDING = """
    SELECT EXISTS (SELECT FROM sluice.flow_override),
           EXISTS (SELECT FROM sluice.flow_partition_override),
           EXISTS (SELECT FROM sluice.flow_hold WHERE until > now())
"""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('sluice.flow_override', 0))")


async def lock(tx: AsyncConnection) -> None:
    """Let nobody else change an override until the end of ``tx``, so that the former limits are
    known."""
    await tx.execute(_LOCK)


async def find(tx: AsyncConnection, key: str) -> FlowOverride | None:
    row = (await tx.execute(select(_TABLE).where(_TABLE.c.key == key))).one_or_none()
    return None if row is None else FlowOverride(**row._mapping)


async def anything_standing(tx: AsyncConnection) -> tuple[bool, bool, bool]:
    """Whether there are overrides of flow keys, overrides of partitions, and holds."""
    [(keys, partitions, holds)] = await fetch_raw(tx, _STANDING)
    return keys, partitions, holds


async def load_all(tx: AsyncConnection) -> list[FlowOverride]:
    rows = await fetch_raw(tx, _ALL)
    return [FlowOverride(**dict(zip(_TABLE.c.keys(), row, strict=True))) for row in rows]


async def paused(tx: AsyncConnection, keys: Collection[str]) -> list[str]:
    """Which of these an operator has paused, sorted."""
    return [row[0] for row in await fetch_raw(tx, _PAUSED, list(keys))]


async def pin(
    tx: AsyncConnection,
    key: str,
    *,
    parallelism: int | None,
    rate: float | None,
    period_ms: int,
    by: str,
) -> None:
    """Put these in force in place of the code's; a pause stays."""
    values = {"pinned": True, "parallelism": parallelism, "rate": rate, "period_ms": period_ms}
    await _put(tx, key, values, by)


async def unpin(tx: AsyncConnection, key: str, *, by: str) -> None:
    """Return to the code's values; a pause stays."""
    await _put(tx, key, _CODE, by)
    await tx.execute(delete(_TABLE).where(_TABLE.c.key == key, ~_TABLE.c.paused))


async def set_paused(tx: AsyncConnection, key: str, *, paused: bool, by: str) -> None:
    await _put(tx, key, {"paused": paused}, by)
    await tx.execute(delete(_TABLE).where(_TABLE.c.key == key, ~_TABLE.c.paused, ~_TABLE.c.pinned))


@dataclass(frozen=True, slots=True)
class PartitionPin:
    """What an operator set for one partition of a flow key."""

    key: str
    partition: str
    parallelism: int | None
    rate: float | None
    period_ms: int


async def partitions(tx: AsyncConnection, key: str | None = None) -> list[PartitionPin]:
    """The pins of partitions of this gate key; None: of all keys."""
    return [PartitionPin(*row) for row in await fetch_raw(tx, _PARTITIONS, key)]


async def pin_partition(tx: AsyncConnection, pin: PartitionPin, *, by: str) -> None:
    """Put these in force for one partition, in place of those of each."""
    await fetch_raw(
        tx, _PIN_PARTITION, pin.key, pin.partition, pin.parallelism, pin.rate, pin.period_ms, by
    )


async def unpin_partition(tx: AsyncConnection, key: str, partition: str) -> None:
    await fetch_raw(tx, _UNPIN_PARTITION, key, partition)


async def _put(tx: AsyncConnection, key: str, values: Mapping[str, object], by: str) -> None:
    stamped = {**values, "changed_by": by, "changed_at": func.now()}
    await tx.execute(
        insert(_TABLE)
        .values(key=key, **stamped)
        .on_conflict_do_update(index_elements=["key"], set_=stamped)
    )
