"""Schedules: see when families run by themselves, and change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.api.dependencies import (
    ApiState,
    Caller,
    Cursor,
    Limit,
    NoteInBody,
    NoteInQuery,
    State,
    bearer,
)
from app.api.idempotency import OnceFor, answer_start
from app.api.pagination import Paging
from app.api.routing import Router
from app.redaction.redactor import redacted
from app.schemas.base import Body
from app.schemas.schedules import (
    ChangedSchedule,
    FireTimesAnswer,
    NewSchedule,
    RemovedAnswer,
    ScheduleAnswer,
    SchedulesAnswer,
    ScheduleView,
)
from app.schemas.workflow_answers import StartedAnswer, watch_it
from app.store.database import reading
from app.store.planning import schedules
from app.store.runs import runs
from app.store.tables.schedules import Schedule
from app.workflows.schedules.request import refusal
from app.workflows.schedules.service import check_when

ScheduleIdInPath = Annotated[str, Path(max_length=200, description="or family:… of a family's own")]

router = Router(prefix="/api/schedules", tags=["schedules"], dependencies=[Depends(bearer)])


@router.get("")
async def list_schedules(
    state: State,
    family: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SchedulesAnswer:
    """Schedules that families declare come first, then the others, the oldest first."""
    paging = Paging(state.cursors, "schedules", limit, cursor)
    async with reading(state.database) as connection:
        found = await schedules.page(
            connection, family=family, after_id=paging.after, limit=paging.wanted
        )
    page = paging.page_of(found, lambda one: one.id)
    return SchedulesAnswer(
        schedules=await _views(state, page.rows),
        next_cursor=page.next_cursor,
    )


@router.post("", status_code=201)
async def create_schedule(body: NewSchedule, state: State, caller: Caller) -> ScheduleAnswer:
    made = await state.schedules.create(body.family, body.values(), by=caller, note=body.note)
    return await _answer(state, made)


@router.get("/fire-times")
async def look_ahead(
    expression: Annotated[str, Query(max_length=1_000, description="five fields")],
    tz: Annotated[str, Query(max_length=1_000)] = "UTC",
) -> FireTimesAnswer:
    """When a schedule with this expression would fire. A misspelt one is refused, and `position`
    says at which character, from 1."""
    return FireTimesAnswer.of(**check_when({"expression": expression, "tz": tz}))


@router.get("/{schedule_id}")
async def get_schedule(schedule_id: ScheduleIdInPath, state: State) -> ScheduleAnswer:
    async with reading(state.database) as connection:
        found = await schedules.get(connection, schedule_id)
    return await _answer(state, found)


@router.patch("/{schedule_id}")
async def edit_schedule(
    schedule_id: ScheduleIdInPath, body: ChangedSchedule, state: State, caller: Caller
) -> ScheduleAnswer:
    """Change the fields that are named. 409 for a schedule that a family declares: change it in the
    code."""
    changed = await state.schedules.edit(schedule_id, body.values(), by=caller, note=body.note)
    return await _answer(state, changed)


@router.delete("/{schedule_id}")
async def remove_schedule(
    schedule_id: ScheduleIdInPath, state: State, caller: Caller, note: NoteInQuery = None
) -> RemovedAnswer:
    """Delete a schedule; its runs stay. 409 for one that a family declares, unless that family no
    longer exists: such a schedule can only be paused."""
    removed = await state.schedules.remove(schedule_id, by=caller, note=note)
    return RemovedAnswer(removed=removed.id)


@router.post("/{schedule_id}/pause")
async def pause_schedule(
    schedule_id: ScheduleIdInPath, state: State, caller: Caller, note: NoteInBody
) -> ScheduleAnswer:
    """Let it fire no more until it is resumed; runs that have begun go on."""
    paused = await state.schedules.pause(schedule_id, paused=True, by=caller, note=note)
    return await _answer(state, paused)


@router.post("/{schedule_id}/resume")
async def resume_schedule(
    schedule_id: ScheduleIdInPath, state: State, caller: Caller, note: NoteInBody
) -> ScheduleAnswer:
    """Let it fire again, at its next fire time; those that have passed meanwhile are left out."""
    resumed = await state.schedules.pause(schedule_id, paused=False, by=caller, note=note)
    return await _answer(state, resumed)


@router.post(
    "/{schedule_id}/run",
    status_code=202,
    responses={
        200: {"model": StartedAnswer, "description": "An earlier call had started it"},
        424: {"description": "The family is not ready"},
    },
)
async def run_schedule(
    schedule_id: ScheduleIdInPath,
    state: State,
    caller: Caller,
    once: OnceFor,
    response: Response,
) -> StartedAnswer:
    """Start the same run at once; the next fire time stays."""
    started = await state.schedules.run_now(schedule_id, by=caller, once=once(Body()))
    answer_start(response, started)
    return StartedAnswer(run_id=started.run_id, message=watch_it(started.run_id))


async def _answer(state: ApiState, schedule: Schedule) -> ScheduleAnswer:
    [view] = await _views(state, [schedule])
    return ScheduleAnswer(schedule=view)


async def _views(state: ApiState, rows: Sequence[Schedule]) -> list[ScheduleView]:
    ids = {row.last_run_id for row in rows if row.last_run_id is not None}
    async with reading(state.database) as connection:
        statuses = await runs.statuses(connection, ids) if ids else {}
    views = []
    for row in rows:
        bound = state.families.get(row.family)
        refused = None if bound is None else refusal(bound, row)
        views.append(
            ScheduleView.of(
                row,
                statuses.get(row.last_run_id or ""),
                orphaned=bound is None,
                refused=None if refused is None else redacted(refused),
            )
        )
    return views
