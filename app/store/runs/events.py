"""What happened to a run, in the order in which it happened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.redaction.redactor import redacted
from app.store.notifications.event_types import event_type
from app.store.notifications.outbox import OF_A_RUN
from app.store.statuses import EventKind
from app.store.storable import storable
from app.store.tables.base import Json
from app.store.tables.runs import RunEvent

_EVENT = RunEvent.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so

CHANNEL = "sluice.run"
"""Postgres tells here, with the commit, which run has a new event: its id is the payload."""
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :run_id)")
_APPEND = f"""
    INSERT INTO sluice.run_event (run_id, kind, who, reason, detail, data, note)
    VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text::jsonb, $7::text)
    RETURNING pg_notify('{CHANNEL}', run_id)
"""  # noqa: S608 - no value is pasted in
# Beside the event, and not after it: whoever is told of it costs no statement more.
_APPEND_AND_TELL = f"WITH event AS ({_APPEND}), told AS ({OF_A_RUN}) SELECT * FROM event"  # noqa: S608 - as above
SLUICE = "sluice"
"""Who did what nobody asked for."""


async def append(
    tx: AsyncConnection,
    run_id: str,
    kind: EventKind,
    *,
    who: str = SLUICE,
    reason: str | None = None,
    detail: str | None = None,
    data: Json | None = None,
    note: str | None = None,
) -> None:
    """Write an event, and what is told of it elsewhere; wake who follows the run once it is
    committed.

    The caller holds the run's row: events of one run must be committed in the order of their ids,
    or who asks for those after an id would miss one.
    """
    said = storable(redacted(detail))
    told = None if data is None else json.dumps(data)
    values = (run_id, kind, who, reason, said, told, noted(note))
    event = event_type(kind, reason)
    if event is None:
        await fetch_raw(tx, _APPEND, *values)
    else:
        await fetch_raw(tx, _APPEND_AND_TELL, *values, event)


def noted(note: str | None) -> str | None:
    """What somebody gave as a reason, as it is kept: a secret that slipped into it is not."""
    return storable(redacted(note))


async def wake(tx: AsyncConnection, run_id: str) -> None:
    """Tell who follows the run, with the commit, that it has changed."""
    await tx.execute(_NOTIFY, {"run_id": run_id})


async def page_of_events(
    tx: AsyncConnection, run_id: str, *, after_id: int = 0, limit: int
) -> list[RunEvent]:
    """The oldest first, after ``after_id``."""
    query = (
        select(_EVENT)
        .where(_EVENT.c.run_id == run_id, _EVENT.c.id > after_id)
        .order_by(_EVENT.c.id)
        .limit(limit)
    )
    return [RunEvent(**row._mapping) for row in await tx.execute(query)]


@dataclass(frozen=True, slots=True)
class Pause:
    """``until``: None while it lasts."""

    at: datetime
    until: datetime | None


async def pauses(tx: AsyncConnection, run_id: str) -> list[Pause]:
    """The times in which a run was paused, the oldest first."""
    ends = (EventKind.RESUMED, EventKind.CANCELLING, EventKind.ENDED)
    query = (
        select(_EVENT.c.at, _EVENT.c.kind)
        .where(_EVENT.c.run_id == run_id, _EVENT.c.kind.in_((EventKind.PAUSED, *ends)))
        .order_by(_EVENT.c.id)
    )
    found: list[Pause] = []
    for at, kind in await tx.execute(query):
        if kind == EventKind.PAUSED:
            found.append(Pause(at, None))
        elif found and found[-1].until is None:
            found[-1] = Pause(found[-1].at, at)
    return found
