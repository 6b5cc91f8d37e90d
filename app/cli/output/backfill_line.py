"""A backfill in one line."""

from __future__ import annotations

from app.cli.answers.backfills import OneBackfill
from app.cli.output.console import number


def standing(found: OneBackfill) -> str:
    """Where it stands."""
    parts, items = found.backfill.partitions, found.items
    others = parts.partial + parts.failed + parts.cancelled
    return (
        f"{found.backfill.status:<11} {parts.ended} of {parts.total} partitions,"
        f" {parts.active} active, {others} not succeeded;"
        f" items: {number(items.succeeded)} succeeded,"
        f" {number(items.failed + items.timed_out)} failed, {number(items.skipped)} skipped"
    )
