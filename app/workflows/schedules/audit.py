"""What is recorded of a change of a schedule."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.monitoring import audit
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.store.tables.base import Json
from app.store.tables.schedules import Schedule


async def record_change(
    tx: AsyncConnection,
    action: AuditAction,
    before: Schedule | None,
    after: Schedule | None,
    by: str,
    note: str | None,
) -> None:
    """Of a change, what differs; of one that is new or gone, all of it."""
    row = after or before
    was = None if before is None else _told(before)
    now = None if after is None else _told(after)
    if before is not None and after is not None and was is not None and now is not None:
        params = (was["params"], now["params"])
        was, now = audit.changed(was, now)
        if before.sealed != after.sealed:
            # Both with their masks: that a secret is another one is all that may be seen.
            was["params"], now["params"] = params
    if row is not None:
        subject = AuditSubject.SCHEDULE
        await audit.record(
            tx, action, subject, row.id, who=by, before=was, after=now,
            family=row.family, note=note,
        )  # fmt: skip


def _told(schedule: Schedule) -> Json:
    """In the words of the API; its params as the row has them, where a mask stands for a secret."""
    return {
        "name": schedule.name,
        "expression": schedule.expression,
        "tz": schedule.tz,
        "params": schedule.params,
        "options": schedule.options,
        "catchUp": schedule.catch_up,
        "paused": schedule.paused,
    }
