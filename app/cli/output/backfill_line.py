"""Where a backfill is, and how it stands in one line."""

from __future__ import annotations

from app.cli.output.console import number
from app.errors import BadInput
from app.schemas.backfills import BackfillAnswer, PartitionCounts

PATH = "/api/backfills"


def backfill_path(backfill_id: str, action: str = "") -> str:
    """
    Raises:
        BadInput: no backfill has such an id.
    """
    if not backfill_id.replace("_", "").isalnum() or not backfill_id.isascii():
        raise BadInput("There is no such backfill. See: sluice backfills")
    return f"{PATH}/{backfill_id}/{action}".rstrip("/")


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
