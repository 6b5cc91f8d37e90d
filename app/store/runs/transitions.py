"""How a run goes from one status to another: each time along the lifecycle's table, and each time
with an event, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from types import MappingProxyType

from sqlalchemy import Float, case, cast, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.redaction.redactor import redacted
from app.store.runs import events
from app.store.runs.events import SLUICE
from app.store.runs.runs import Statistics, get
from app.store.statuses import (
    ENDED,
    EventKind,
    PauseReason,
    RunStage,
    RunStatus,
    before,
    require_transition,
)
from app.store.storable import storable
from app.store.tables.base import Json
from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_KINDS = {
    RunStatus.RUNNING: EventKind.BEGUN,
    RunStatus.PAUSED: EventKind.PAUSED,
    RunStatus.CANCELLING: EventKind.CANCELLING,
}
_ENDED = _RUN.c.succeeded + _RUN.c.skipped + _RUN.c.failed + _RUN.c.cancelled + _RUN.c.timed_out
_FAILED = _RUN.c.failed + _RUN.c.timed_out
_ACTIVE_MS = _RUN.c.active_ms + func.coalesce(
    func.extract("epoch", func.now() - _RUN.c.active_since) * 1000, 0
)
# What the options ask for; null where the run has none.
_DEADLINE = func.now() + func.make_interval(
    0, 0, 0, 0, 0, 0, cast(_RUN.c.options["deadlineSeconds"].astext, Float)
)


async def begin(
    tx: AsyncConnection,
    run_id: str,
    statistics: Statistics,
    *,
    stage: RunStage = RunStage.FULL,
    estimate: Json | None = None,
) -> bool:
    """Record what layer 1 found and set the run going. False: it was no longer pending."""
    return await _move(
        tx,
        run_id,
        RunStatus.RUNNING,
        {
            **asdict(statistics),
            "reason": None,
            "detail": None,
            "started_at": func.now(),
            "deadline_at": _DEADLINE,
            "stage": stage,
            "estimate": estimate,
        },
        only_from=RunStatus.PENDING,
        data={"toProcess": statistics.to_process, "exact": statistics.exact},
    )


async def end_empty(
    tx: AsyncConnection, run_id: str, statistics: Statistics, *, reason: str, detail: str
) -> bool:
    """End a run that has nothing to do. False: it was no longer pending."""
    return await _move(
        tx,
        run_id,
        RunStatus.SUCCEEDED,
        {**asdict(statistics), "paged": True, "started_at": func.now()},
        only_from=RunStatus.PENDING,
        reason=reason,
        detail=detail,
    )


async def fail(tx: AsyncConnection, run_id: str, *, reason: str, detail: str) -> bool:
    """A layer gave up. False: the run had ended, or may not fail from where it stands."""
    return await _move(tx, run_id, RunStatus.FAILED, reason=reason, detail=detail)


async def pause(
    tx: AsyncConnection,
    run_id: str,
    reason: PauseReason,
    detail: str | None = None,
    *,
    who: str = SLUICE,
    data: Json | None = None,
    note: str | None = None,
) -> bool:
    """False: it is paused already, or may not be paused from where it stands."""
    return await _move(
        tx, run_id, RunStatus.PAUSED, who=who, reason=reason, detail=detail, data=data, note=note
    )


async def resume(
    tx: AsyncConnection,
    run_id: str,
    *,
    who: str,
    options: Json | None = None,
    data: Json | None = None,
    note: str | None = None,
) -> bool:
    """Let a paused run go on where it stopped, with other ``options``. False: it is not paused.

    Its failure rate and its deadline begin anew, or it would be paused again at once.
    """
    run = await get(tx, run_id)
    return await _move(
        tx,
        run_id,
        RunStatus.PENDING if run.started_at is None else RunStatus.RUNNING,
        ({} if options is None else {"options": options})
        | {
            "reason": None,
            "detail": None,
            "judged_from": _ENDED,
            "judged_failed": _FAILED,
            "deadline_at": _DEADLINE if options is None else _deadline(options),
            # A canary whose items have all ended has been looked at.
            "stage": case(
                (
                    (_RUN.c.stage == RunStage.CANARY) & (_RUN.c.scheduled == _ENDED),
                    RunStage.FULL.value,
                ),
                else_=_RUN.c.stage,
            ),
        },
        only_from=RunStatus.PAUSED,
        who=who,
        kind=EventKind.RESUMED,
        data=data,
        note=note,
    )


async def promote(tx: AsyncConnection, run_id: str) -> None:
    """The canary went well: the rest of the run follows."""
    await tx.execute(update(_RUN).where(_RUN.c.id == run_id).values(stage=RunStage.FULL))
    await events.append(tx, run_id, EventKind.PROMOTED)


async def cancel(tx: AsyncConnection, run_id: str, *, who: str, note: str | None = None) -> bool:
    """False: it is being cancelled already, or may not be cancelled from where it stands."""
    # Why it was paused, or waited, is kept by its events.
    values: dict[str, object] = {"reason": None, "detail": None}
    return await _move(tx, run_id, RunStatus.CANCELLING, values, who=who, note=note)


async def require(tx: AsyncConnection, run_id: str, target: RunStatus) -> None:
    """
    Raises:
        NotFound: no such run.
        InvalidTransition: the lifecycle has no such edge from where the run stands.
    """
    run = await get(tx, run_id)
    require_transition(run_id, RunStatus(run.status), target)


async def _move(
    tx: AsyncConnection,
    run_id: str,
    target: RunStatus,
    values: Mapping[str, object] = MappingProxyType({}),
    *,
    only_from: RunStatus | None = None,
    kind: EventKind | None = None,
    who: str = SLUICE,
    reason: str | None = None,
    detail: str | None = None,
    data: Json | None = None,
    note: str | None = None,
) -> bool:
    allowed = before(target) if only_from is None else {only_from} & before(target)
    changed = {"status": target, **_clock(target), **values}
    if reason is not None:
        # On the row too: who finds the run paused wants to know why.
        told = detail if note is None else f"{detail} {note}"
        changed |= {"reason": reason, "detail": storable(redacted(told))}
    done = await tx.execute(
        update(_RUN).where(_RUN.c.id == run_id, _RUN.c.status.in_(allowed)).values(changed)
    )
    if done.rowcount != 1:
        return False
    kind = kind or _KINDS.get(target, EventKind.ENDED)
    if kind is EventKind.ENDED:
        reason, detail = target, detail or reason
    await events.append(
        tx, run_id, kind, who=who, reason=reason, detail=detail, data=data, note=note
    )
    return True


def _deadline(options: Json) -> object:
    seconds = options.get("deadlineSeconds")
    return None if seconds is None else func.now() + timedelta(seconds=seconds)


def _clock(target: RunStatus) -> dict[str, object]:
    """How a transition changes the run's times."""
    if target is RunStatus.RUNNING:
        return {"active_since": func.now()}
    values: dict[str, object] = {"active_ms": _ACTIVE_MS, "active_since": None}
    if target in ENDED:
        values |= {"finished_at": func.now(), "held": False}
    return values
