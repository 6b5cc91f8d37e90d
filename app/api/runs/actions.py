"""What an operator may do with a run. Each call is safe to repeat."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Response
from pydantic import AfterValidator, BeforeValidator, Field, StrictBool

from app.api.dependencies import Allowed, ApiState, Caller, NoteInBody, RunIdInPath, State, bearer
from app.api.idempotency import OnceFor, answer_start
from app.api.routing import Router
from app.api.runs.failures import group_of
from app.config.priorities import ORDINARY
from app.errors import Conflict
from app.schemas.base import Body, GivenNote
from app.schemas.failures import RetryAnswer
from app.schemas.runs import RunAnswer, RunView
from app.schemas.workflow_answers import watch_it
from app.schemas.workflow_bodies import Approval, AttemptsAsked, ItemIds
from app.store.database import reading
from app.store.items.failures import FAILED, RetrySelection
from app.store.runs import runs
from app.store.statuses import OUTCOMES, ItemStatus
from app.store.tables.runs import Run
from app.tokens import Scope
from app.workflows.contract.run_options import (
    Attempts,
    Budget,
    Items,
    Priority,
    Rate,
    RunOptions,
    Seconds,
    options_of,
)
from app.workflows.runs.approval import waits_for_approval

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


class Resume(Body):
    """What is left out stays as it is; null lifts a limit, and leaves the attempts to the
    family."""

    attempts: Attempts | None = None
    budget: Budget | None = None
    max_failure_rate: Rate | None = None
    min_items: Items = 1
    deadline_seconds: Seconds | None = None
    priority: Priority = ORDINARY
    note: GivenNote = None

    def merged(self, run: Run) -> RunOptions | None:
        """The run's options with what was asked; None: nothing was."""
        asked = {name: getattr(self, name) for name in self.model_fields_set - {"note"}}
        if not asked:
            return None
        return RunOptions.model_validate(run.options).model_copy(update=asked)


def _ended(status: ItemStatus) -> ItemStatus:
    if status not in OUTCOMES:
        raise ValueError(f"it must be an outcome: {', '.join(OUTCOMES)}")
    return status


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Outcome = Annotated[ItemStatus, AfterValidator(_ended)]
Outcomes = Annotated[
    list[Outcome],
    Field(min_length=1, max_length=20),
    BeforeValidator(_listed, json_schema_input_type=ItemStatus | list[ItemStatus]),
]


class Retry(Body):
    """All conditions that are given must hold."""

    status: Outcomes = Field(list(FAILED), description="an outcome, or a list of them")
    error_class: str | None = Field(None, max_length=500)
    group: str | None = Field(None, max_length=100, description="of GET /api/runs/{id}/failures")
    item_ids: ItemIds | None = None
    attempts: AttemptsAsked = None
    fresh: StrictBool = Field(False, description="begin anew, without the steps that they remember")
    approval: Approval = None
    note: GivenNote = None


@router.post("/{run_id}/pause")
async def pause_run(
    run_id: RunIdInPath, state: State, caller: Caller, note: NoteInBody
) -> RunAnswer:
    """Let nothing more of the run start; what is at work ends."""
    return await _answer(state, await state.control.pause(run_id, by=caller, note=note))


@router.post("/{run_id}/resume")
async def resume_run(
    run_id: RunIdInPath,
    state: State,
    caller: Caller,
    allowed: Allowed,
    body: Resume | None = None,
) -> RunAnswer:
    """Let the run go on where it stopped, with other options if the body names some. For a run that
    waits for an approval, this is one, and needs a token with that scope; so do other options for a
    run that had to be approved."""
    options = None
    if body is not None and body.model_fields_set - {"note"}:
        options = body.merged(await _run(state, run_id))

    def check(run: Run) -> None:
        waits = waits_for_approval(run)
        # How far it may go is a part of what was approved, or will be.
        more = options is not None and RunOptions.model_validate(run.options).approval
        if waits or more:
            allowed.require(Scope.APPROVE)
        if not waits or options is not None:
            allowed.require(Scope.RUN)

    note = body.note if body else None
    run = await state.control.resume(run_id, by=caller, options=options, check=check, note=note)
    if options is not None and RunOptions.model_validate(run.options) != options:
        raise Conflict(
            f"Run {run_id} was not paused but {run.status}, so its options stay as they were."
            " Pause it first.",
            more={"runStatus": run.status},
        )
    return await _answer(state, run)


@router.post("/{run_id}/approve")
async def approve_run(
    run_id: RunIdInPath, state: State, caller: Caller, note: NoteInBody
) -> RunAnswer:
    """Let a run that waits for an approval go on; 409 if it does not wait, or no longer does."""
    return await _answer(state, await state.control.approve(run_id, by=caller, note=note))


@router.post("/{run_id}/cancel")
async def cancel_run(
    run_id: RunIdInPath, state: State, caller: Caller, note: NoteInBody
) -> RunAnswer:
    """End pending items as cancelled at once, and those at work when they end."""
    return await _answer(state, await state.control.cancel(run_id, by=caller, note=note))


@router.post("/{run_id}/finish", status_code=202)
async def finish_run(
    run_id: RunIdInPath, state: State, caller: Caller, note: NoteInBody
) -> RunAnswer:
    """Run the family's `finish` once more for a run that has ended, and answer the run of this
    finish. 409 if the run has not ended, its finish is at work, or the family has none. The run's
    status stays; its `finish` is this one from now on."""
    return await _answer(state, await state.finisher.again(run_id, by=caller, note=note))


@router.post(
    "/{run_id}/retry",
    status_code=202,
    responses={
        200: {"model": RetryAnswer, "description": "An earlier call had started it"},
        424: {"description": "The family is not ready"},
    },
)
async def retry_run(
    run_id: RunIdInPath,
    state: State,
    caller: Caller,
    once: OnceFor,
    response: Response,
    body: Retry | None = None,
) -> RetryAnswer:
    """Start a run over the items that failed in this one, or over others of its items, with its
    params."""
    body = body or Retry()
    run = await _run(state, run_id)
    bound = state.families.get(run.family)
    if bound is None:
        raise Conflict(f"Run {run_id} is of {run.family}, a family that is not here any more.")
    options = options_of(bound.family, approval=body.approval, attempts=body.attempts)
    which = await _which(state, run_id, body)
    started = await state.client.retry(
        bound,
        run,
        which,
        started_by=caller,
        # The same call with another reason starts nothing either.
        once=once(body.model_copy(update={"note": None})),
        options=options,
        fresh=body.fresh,
        note=body.note,
    )
    retry: dict[str, Any] = (await _run(state, started.run_id)).retry or {}  # as the client wrote
    answer_start(response, started)
    return RetryAnswer(
        run_id=started.run_id,
        retry_of=run_id,
        items=retry["items"],
        message=watch_it(started.run_id),
    )


async def _which(state: ApiState, run_id: str, body: Retry) -> RetrySelection:
    error_class, error_group = body.error_class, None
    if body.group is not None:
        chosen = await group_of(state, run_id, body.group, error_class)
        error_class, error_group = chosen.error_class, chosen.error_group
    return RetrySelection(
        statuses=tuple(sorted(set(body.status))),
        error_class=error_class,
        error_group=error_group,
        item_ids=None if body.item_ids is None else tuple(body.item_ids),
    )


async def _run(state: ApiState, run_id: str) -> Run:
    async with reading(state.database) as connection:
        return await runs.get(connection, run_id)


async def _answer(state: ApiState, run: Run) -> RunAnswer:
    async with reading(state.database) as connection:
        held = await state.throttles.held(connection, [run.family])
    return RunAnswer(run=RunView.of(run, state.cursors, held))
