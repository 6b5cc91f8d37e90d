"""Step rows: what an item remembers, and what it waits for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.statuses import StepKind, StepStatus
from app.store.storable import storable
from app.store.tables.steps import Step

_STEP = Step.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so

# Hot statements go to the driver as they stand: compiling them costs more than running them.
_COLUMNS = {
    "run_id": "text",
    "item_id": "text",
    "name": "text",
    "kind": "text",
    "status": "text",
    "position": "int",
    "alone": "bool",
    "item_attempt": "int",
    "tries": "int",
    "attempts": "int",
    "result": "text",
    "payload": "text",
    "expects": "text",
    "child_run": "text",
    "error_class": "text",
    "error_message": "text",
    "due_in": "interval",
    "started_at": "timestamptz",
    "finished_at": "timestamptz",
}
_ARRAYS = ", ".join(f"${n}::text[]::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), start=1))
_STORED = [{"due_in": "due_at"}.get(name, name) for name in _COLUMNS]
_VALUES = {"due_in": "now() + t.due_in", "expects": "t.expects::jsonb"}
# What is done stays as it is: of two deliveries that ran the same step, the first one's result is
# remembered, and the other one goes on with that.
_REMEMBER = f"""
    INSERT INTO sluice.step ({", ".join(_STORED)})
    SELECT {", ".join(_VALUES.get(name, f"t.{name}") for name in _COLUMNS)}
    FROM unnest({_ARRAYS}) AS t({", ".join(_COLUMNS)})
    ON CONFLICT (run_id, item_id, name) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in _STORED[3:])}
    WHERE step.status <> 'done'
    RETURNING run_id, item_id, name
"""  # noqa: S608 - no value is pasted in
_STAND = """
    SELECT s.run_id, s.item_id, s.status
    FROM unnest($1::text[], $2::text[], $3::text[]) AS t(run_id, item_id, name) CROSS JOIN LATERAL (
        SELECT step.run_id, step.item_id, step.status FROM sluice.step
        WHERE step.run_id = t.run_id AND step.item_id = t.item_id AND step.name = t.name
        OFFSET 0
    ) AS s
"""
_STAND_SHARED = _STAND.replace("OFFSET 0", "FOR SHARE")
_ANSWERED = (StepStatus.DONE, StepStatus.FAILED)

_CARRIED = (
    "name, kind, status, position, alone, item_attempt, tries, attempts, result, payload, expects,"
    " child_run, answered_by, started_at, finished_at"
)
# What failed because its code asks for other steps than it remembers would fail so again.
_CARRY_OVER = f"""
    WITH carried AS (
        INSERT INTO sluice.step (run_id, item_id, {_CARRIED})
        SELECT $2::text, item_id, {_CARRIED} FROM sluice.step
        WHERE run_id = $1::text AND step.status = 'done' AND item_id = ANY(ARRAY(
            SELECT item_id FROM sluice.item
            WHERE run_id = $1::text AND item_id = ANY($3::text[])
              AND item.status IN ('failed', 'timed_out', 'cancelled')
              AND coalesce(item.error_class, '') NOT IN ('StepsChanged', 'Unreadable')
        ))
        ON CONFLICT DO NOTHING RETURNING item_id
    )
    UPDATE sluice.item SET begun = true
    WHERE run_id = $2::text AND item_id = ANY(ARRAY(SELECT item_id FROM carried))
"""  # noqa: S608 - no value is pasted in

StepId = tuple[str, str, str]
"""Run, item and name."""
ItemId = tuple[str, str]
"""Run and item."""


@dataclass(slots=True)
class StepRecord:
    """A step as it shall stand. ``result``, ``payload`` and ``expects`` are JSON; ``due_in`` counts
    from the commit, by the clock of the database."""

    run_id: str
    item_id: str
    name: str
    kind: StepKind
    status: StepStatus
    position: int
    alone: bool
    item_attempt: int
    started_at: datetime
    tries: int = 0
    attempts: int = 0
    result: str | None = None
    payload: str | None = None
    expects: str | None = None
    child_run: str | None = None
    error_class: str | None = None
    error_message: str | None = None
    due_in: timedelta | None = None
    finished_at: datetime | None = None

    @property
    def id(self) -> StepId:
        return (self.run_id, self.item_id, self.name)


async def remember(tx: AsyncConnection, records: Sequence[StepRecord]) -> set[StepId]:
    """Write these, except over what is done already. Returns which were written. The rows are
    locked by their keys."""
    records = sorted(records, key=lambda record: record.id)
    for record in records:
        record.error_class = storable(record.error_class)
        record.error_message = storable(record.error_message)
    columns = ([getattr(record, name) for record in records] for name in _COLUMNS)
    return {(row[0], row[1], row[2]) for row in await fetch_raw(tx, _REMEMBER, *columns)}


async def carry_over(
    tx: AsyncConnection, former_run: str, run_id: str, item_ids: Sequence[str]
) -> None:
    """Give these items of a run the steps that ended well in a former one, where they failed."""
    if item_ids:
        await fetch_raw(tx, _CARRY_OVER, former_run, run_id, list(item_ids))


async def of_item(tx: AsyncConnection, run_id: str, item_id: str) -> list[Step]:
    """An item's steps, in the order in which they were asked for."""
    query = select(_STEP).where(_STEP.c.run_id == run_id, _STEP.c.item_id == item_id)
    rows = await tx.execute(query.order_by(_STEP.c.position, _STEP.c.name))
    return [Step(**row._mapping) for row in rows]


async def find(tx: AsyncConnection, run_id: str, item_id: str, name: str) -> Step | None:
    query = select(_STEP).where(
        _STEP.c.run_id == run_id, _STEP.c.item_id == item_id, _STEP.c.name == name
    )
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else Step(**row._mapping)


async def answered_among(tx: AsyncConnection, asked: Collection[StepId]) -> set[ItemId]:
    """The items of those of these steps that wait for nothing any more."""
    rows = await fetch_raw(tx, _STAND, *_keys(asked))
    return {(run, item) for run, item, status in rows if status in _ANSWERED}


async def settled_among(tx: AsyncConnection, asked: Collection[StepId]) -> set[ItemId]:
    """The items of those of these steps that wait for events and have one. Waits for an event that
    has just found a step; one that comes later finds the item as ``tx`` leaves it. Locked by key,
    as events lock steps."""
    rows = await fetch_raw(tx, _STAND_SHARED, *_keys(asked))
    return {(run, item) for run, item, status in rows if status == StepStatus.DONE}


def _keys(asked: Collection[StepId]) -> list[list[str]]:
    ordered = sorted(set(asked))
    return [[one[place] for one in ordered] for place in range(3)]


async def answer(
    tx: AsyncConnection, asked: StepId, present: StepStatus, result: str | None, by: str | None
) -> bool:
    """Give a step that waits what it waits for. False: it does not stand at ``present``."""
    run_id, item_id, name = asked
    done = await tx.execute(
        update(_STEP)
        .where(
            _STEP.c.run_id == run_id,
            _STEP.c.item_id == item_id,
            _STEP.c.name == name,
            _STEP.c.status == present,
        )
        .values(status=StepStatus.DONE, result=result, answered_by=by, finished_at=func.now())
    )
    return done.rowcount == 1


async def claim_child(tx: AsyncConnection, record: StepRecord) -> bool:
    """Write the step of a child that is about to begin. False: it has begun already."""
    values = {name: getattr(record, name) for name in _COLUMNS if name not in ("due_in", "expects")}
    done = await tx.execute(insert(_STEP).values(values).on_conflict_do_nothing())
    return done.rowcount == 1
