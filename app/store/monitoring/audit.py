"""Who did what, when and why: what was done to flow keys, schedules, backfills and targets of
notifications, which has a table of its own, and to runs, whose events tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.store.runs.events import noted
from app.store.tables.audit import AuditRecord
from app.store.tables.base import Json
from app.store.tables.runs import BY_PEOPLE

_TABLE = AuditRecord.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
BATCH = 1_000
"""Rows deleted in one transaction."""

_OF_RUNS = f"""
    SELECT 'run' AS source, e.id, e.at, e.who, e.detail, e.note, 'run' AS subject,
           e.run_id AS name, r.family,
           CASE WHEN e.kind = 'resumed' AND e.data->>'pausedFor' = 'approval' THEN 'run_approved'
                ELSE CASE e.kind WHEN 'created' THEN 'run_started' WHEN 'paused' THEN 'run_paused'
                                 WHEN 'resumed' THEN 'run_resumed' WHEN 'retried' THEN 'run_retried'
                                 WHEN 'finishing' THEN 'run_finishing'
                                 WHEN 'answered' THEN 'run_answered' ELSE 'run_cancelled' END
           END AS action,
           e.data->'before' AS before,
           CASE WHEN e.kind IN ('answered', 'retried', 'finishing') THEN e.data
                ELSE e.data->'after' END AS after
    FROM sluice.run_event AS e JOIN sluice.run AS r ON r.id = e.run_id
    WHERE {BY_PEOPLE}
      AND NOT (e.kind = 'created' AND
               (r.parent_run IS NOT NULL OR r.backfill_id IS NOT NULL OR r.retry_of IS NOT NULL))
      AND NOT (e.kind = 'cancelling' AND EXISTS (
          SELECT FROM sluice.run_event AS above
          WHERE above.run_id = r.parent_run AND above.kind = 'cancelling' AND above.id < e.id
      ))
"""  # noqa: S608 - no value is pasted in
"""Without what follows from something else in the list: the start of a finish, and of a backfill's
run, from what began them; that of a retry from what was done to the run before it; the cancelling
of a child, and of a finish, from that of its run."""
_OF_THE_TABLE = """
    SELECT 'table' AS source, id, at, who, NULL AS detail, note, subject, name, family, action,
           before, after
    FROM sluice.audit WHERE true
"""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records; None: any. ``since`` is included, ``until`` is not."""

    subject: AuditSubject | None = None
    name: str | None = None
    who: str | None = None
    action: AuditAction | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPosition:
    """The position of a record in the list; a page begins after it."""

    at: datetime
    source: str
    id: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``detail``: the sentence of a run's event."""

    source: str
    id: int
    at: datetime
    who: str
    detail: str | None
    note: str | None
    subject: str
    name: str
    family: str | None
    action: str
    before: Json | None
    after: Json | None

    @property
    def position(self) -> AuditPosition:
        return AuditPosition(self.at, self.source, self.id)


async def record(
    tx: AsyncConnection,
    action: AuditAction,
    subject: AuditSubject,
    name: str,
    *,
    who: str,
    before: Json | None = None,
    after: Json | None = None,
    family: str | None = None,
    note: str | None = None,
) -> None:
    """Write what is done in ``tx``.

    Args:
        before, after: without secrets; see ``changed``.
    """
    await tx.execute(
        insert(_TABLE).values(
            action=action,
            subject=subject,
            name=name,
            who=who,
            before=before,
            after=after,
            family=family,
            note=noted(note),
        )
    )


def changed(before: Json, after: Json) -> tuple[Json, Json]:
    """What differs between the two, as it was and as it is."""
    names = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


async def page_of_audit(
    tx: AsyncConnection, asked: AuditFilter, *, behind: AuditPosition | None, limit: int
) -> list[AuditEntry]:
    """The newest first."""
    values, where = _conditions(asked, behind)
    branches = []
    if asked.subject in (None, AuditSubject.RUN):
        branches.append(_OF_RUNS)
    if asked.subject is not AuditSubject.RUN:
        branches.append(_OF_THE_TABLE)
    # Each in its own order first, so that neither is read further than the page needs.
    newest = "ORDER BY at DESC, source DESC, id DESC LIMIT :limit"
    parts = [f"(SELECT * FROM ({one}) AS one {where} {newest})" for one in branches]  # noqa: S608
    query = f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS everything {newest}"  # noqa: S608
    found = await tx.execute(text(query), {**values, "limit": limit})
    return [AuditEntry(**row._mapping) for row in found]


async def prune(tx: AsyncConnection, older_than: timedelta) -> int:
    """Delete a batch of what was recorded longer ago than that. Returns how many."""
    old = _TABLE.select().with_only_columns(_TABLE.c.id)
    old = old.where(_TABLE.c.at < func.now() - older_than).order_by(_TABLE.c.at).limit(BATCH)
    return (await tx.execute(delete(_TABLE).where(_TABLE.c.id.in_(old)))).rowcount


def _conditions(
    asked: AuditFilter, behind: AuditPosition | None
) -> tuple[Mapping[str, object], str]:
    values: dict[str, object] = {}
    conditions: Sequence[tuple[str, str, object]] = (
        ("subject", "subject = :subject", asked.subject),
        ("name", "name = :name", asked.name),
        ("who", "who = :who", asked.who),
        ("action", "action = :action", asked.action),
        ("since", "at >= :since", asked.since),
        ("until", "at < :until", asked.until),
    )
    where = [sql for name, sql, value in conditions if value is not None]
    values = {name: value for name, _, value in conditions if value is not None}
    if behind is not None:
        # The first by itself, because the index knows nothing of the source.
        where += ["at <= :at", "(at, source, id) < (:at, :source, :id)"]
        values |= {"at": behind.at, "source": behind.source, "id": behind.id}
    return values, f"WHERE {' AND '.join(where)}" if where else ""
