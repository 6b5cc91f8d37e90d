"""How a backfill stands, in one line."""

from __future__ import annotations

from app.cli.output.console import number
from app.schemas.backfills import BackfillAnswer, PartitionCounts


def ended(partitions: PartitionCounts) -> int:
    return partitions.total - partitions.waiting - partitions.active


def standing(found: BackfillAnswer) -> str:
    """Where it stands."""
    parts, items = found.backfill.partitions, found.items
    others = parts.partial + parts.failed + parts.cancelled
    return (
        f"{found.backfill.status:<11} {ended(parts)} of {parts.total} partitions,"
        f" {parts.active} active, {others} not succeeded;"
        f" items: {number(items.succeeded)} succeeded,"
        f" {number(items.failed + items.timed_out)} failed, {number(items.skipped)} skipped"
    )
