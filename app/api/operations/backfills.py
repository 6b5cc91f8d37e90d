"""Backfills: one run for each partition of a family between two moments."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from pydantic import Field, StrictBool

from app.api.dependencies import (
    Allowed,
    ApiState,
    Caller,
    Cursor,
    Limit,
    LongCall,
    NoteInBody,
    State,
    bearer,
)
from app.api.idempotency import OnceFor, answer_start
from app.api.pagination import Paging
from app.api.routing import Router
from app.errors import NotFound
from app.schemas.backfills import (
    BackfillAnswer,
    BackfillDryRunAnswer,
    BackfillsAnswer,
    BackfillStartedAnswer,
    BackfillView,
    PartitionsAnswer,
    PartitionView,
    dry_run_answer,
)
from app.schemas.base import Moment
from app.schemas.workflow_bodies import RunOptionsBody
from app.store.database import reading
from app.store.planning import backfill_history, backfills
from app.store.statuses import BackfillMode
from app.store.tables.backfills import Backfill
from app.tokens import Scope
from app.workflows.backfills.plan import BackfillRequest
from app.workflows.contract.partitions import MOST_ACTIVE, USUAL_ACTIVE
from app.workflows.registry.bound_family import BoundFamily

PATH = "/api/backfills"

router = Router(prefix=PATH, tags=["backfills"], dependencies=[Depends(bearer)])


BackfillId = Annotated[str, Path(max_length=100)]


class NewBackfill(RunOptionsBody):
    family: str = Field(max_length=100)
    since: Moment = Field(alias="from", description="partitions that begin then or later")
    until: Moment = Field(alias="to", description="and before this")
    mode: BackfillMode = BackfillMode.MISSING
    max_active: int = Field(USUAL_ACTIVE, ge=1, le=MOST_ACTIVE, description="partitions at once")
    reverse: StrictBool = Field(False, description="the latest partition first")
    force: StrictBool = Field(False, description="also items that already have a result")
    params: dict[str, Any] = Field(default_factory=dict, description="beside the partition's own")
    dry_run: StrictBool = Field(False, description="answer what would happen; start nothing")

    def request(self, bound: BoundFamily) -> BackfillRequest:
        return BackfillRequest(
            since=self.since,
            until=self.until,
            which=self.mode,
            max_active=self.max_active,
            reverse=self.reverse,
            force=self.force,
            params=self.params,
            options=self.options(bound.family, bulk=True),
        )


@router.post("", responses={202: {"model": BackfillStartedAnswer, "description": "It has begun"}})
async def begin_backfill(
    body: NewBackfill,
    state: State,
    caller: Caller,
    allowed: Allowed,
    once: OnceFor,
    long: LongCall,
    response: Response,
) -> BackfillDryRunAnswer | BackfillStartedAnswer:
    """Begin one run for each partition, at most `maxActive` of them at once; or answer what that
    would do."""
    bound = state.families.get(body.family)
    if bound is None:
        raise NotFound(state.family_files.unknown(body.family, state.families), field="family")
    request = body.request(bound)
    if body.dry_run:
        async with long.counting():
            return dry_run_answer(bound, await state.backfills.dry_run(bound, request))
    allowed.require(Scope.RUN)
    started = await state.backfills.begin(bound, request, started_by=caller, once=once(body))
    answer_start(response, started)
    return BackfillStartedAnswer(
        backfill_id=started.backfill_id,
        partitions=started.partitions,
        message=f"Backfill started. Watch it: GET {PATH}/{started.backfill_id}",
    )


@router.get("")
async def list_backfills(
    state: State,
    family: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> BackfillsAnswer:
    """Backfills, the newest first."""
    paging = Paging(state.cursors, "backfills", limit, cursor)
    async with reading(state.database) as connection:
        found = await backfills.page_of_backfills(
            connection, family=family, before_id=paging.after, limit=paging.wanted
        )
        page = paging.page_of(found, lambda one: one.id)
        counts = await backfills.counts(connection, [one.id for one in page.rows])
    return BackfillsAnswer(
        backfills=[BackfillView.of(one, counts[one.id]) for one in page.rows],
        next_cursor=page.next_cursor,
    )


@router.get("/{backfill_id}")
async def get_backfill(backfill_id: BackfillId, state: State) -> BackfillAnswer:
    """A backfill with its progress: partitions by status, and items by outcome."""
    async with reading(state.database) as connection:
        found = await backfills.get(connection, backfill_id)
    return await _answer(state, found)


@router.get("/{backfill_id}/partitions")
async def list_partitions(
    backfill_id: BackfillId, state: State, limit: Limit = 50, cursor: Cursor = None
) -> PartitionsAnswer:
    """Its partitions, in the order in which they begin, each with its run."""
    paging = Paging(state.cursors, f"partitions:{backfill_id}", limit, cursor)
    after = int(paging.after or -1)
    async with reading(state.database) as connection:
        await backfills.get(connection, backfill_id)
        found = await backfills.page_of_partitions(
            connection, backfill_id, after=after, limit=paging.wanted
        )
    page = paging.page_of(found, lambda one: one.position)
    return PartitionsAnswer(
        partitions=[PartitionView.of(one) for one in page.rows],
        next_cursor=page.next_cursor,
    )


@router.post("/{backfill_id}/pause")
async def pause_backfill(
    backfill_id: BackfillId, state: State, caller: Caller, note: NoteInBody
) -> BackfillAnswer:
    """No further partition begins; the runs of those that are active go on."""
    return await _answer(state, await state.backfills.pause(backfill_id, by=caller, note=note))


@router.post("/{backfill_id}/resume")
async def resume_backfill(
    backfill_id: BackfillId, state: State, caller: Caller, note: NoteInBody
) -> BackfillAnswer:
    """Let partitions begin again."""
    return await _answer(state, await state.backfills.resume(backfill_id, by=caller, note=note))


@router.post("/{backfill_id}/cancel")
async def cancel_backfill(
    backfill_id: BackfillId, state: State, caller: Caller, note: NoteInBody
) -> BackfillAnswer:
    """No further partition begins, and the runs of those that are active are cancelled."""
    return await _answer(state, await state.backfills.cancel(backfill_id, by=caller, note=note))


async def _answer(state: ApiState, backfill: Backfill) -> BackfillAnswer:
    async with reading(state.database) as connection:
        counts = await backfills.counts(connection, [backfill.id])
        items = await backfill_history.items(connection, backfill.id)
    return BackfillAnswer.made(BackfillView.of(backfill, counts[backfill.id]), items)
