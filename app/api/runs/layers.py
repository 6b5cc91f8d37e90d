"""What each layer has of a run just now: cheap enough to be asked every second."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import Depends
from pydantic import Field

from app.api.dependencies import ApiState, RunIdInPath, State, bearer
from app.api.routing import Router
from app.engine import Depth
from app.schemas.base import Answer, View
from app.store.database import reading
from app.store.runs import runs
from app.store.statuses import RunStage, RunStatus
from app.store.tables.runs import Run
from app.workflows.keys import (
    Layer,
    chunk_prefix,
    flow_key,
    item_prefix,
    page_message,
    process_message,
)

REDIS_SECONDS = 1.0
NOTHING = Depth()

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


class ProcessView(View):
    state: str = Field(
        description="queued, inHand, deferred; waiting for another run; held by a pause; done"
    )


class PaginateView(View):
    queued: int = Field(description="messages: pages that are due")
    in_hand: int
    held: bool = Field(description="the next page waits for room")
    paged: bool = Field(description="all pages are read")


class ExecuteView(View):
    """The four together are the items that are neither suspended nor ended."""

    queued: int
    waiting_for_rate: int | None = Field(
        description="in a worker, and not begun; null: Redis does not answer"
    )
    in_hand: int = Field(description="at work")
    deferred: int = Field(description="that come again later")


class ItemsView(View):
    pending: int
    suspended: int
    succeeded: int
    skipped: int
    failed: int
    timed_out: int
    cancelled: int


class LayersAnswer(Answer):
    process: ProcessView
    paginate: PaginateView
    execute: ExecuteView
    items: ItemsView


@router.get("/{run_id}/layers")
async def get_layers(run_id: RunIdInPath, state: State) -> LayersAnswer:
    """The counts of the queue and those of the run are read one after the other, so they may differ
    by a few."""
    async with reading(state.database) as connection:
        run = await runs.get(connection, run_id)
        execute = flow_key(run.family, Layer.EXECUTE)
        paginate = flow_key(run.family, Layer.PAGINATE)
        parts = [
            (flow_key(run.family, Layer.PROCESS), process_message(run_id)),
            (paginate, page_message(run_id)),
            (execute, chunk_prefix(run_id)),
            (execute, item_prefix(run_id)),
        ]
        found: Sequence[Depth] = [NOTHING] * len(parts)
        if run.finished_at is None:
            found = await state.engine.depth_of(connection, parts)
    process, page, chunks, singles = found
    items = _of_items(run, chunks, singles)
    unbegun = await _unbegun(state, execute, items.in_hand) if items.in_hand else 0
    return LayersAnswer(
        process=ProcessView(state=_state(run, process)),
        paginate=PaginateView(
            queued=page.waiting,
            in_hand=page.in_hand,
            held=run.held and run.finished_at is None,
            paged=run.paged,
        ),
        execute=_execute(items, unbegun),
        items=ItemsView(
            pending=max(run.outstanding, 0),
            **run.model_dump(include=set(ItemsView.model_fields)),
        ),
    )


def _of_items(run: Run, chunks: Depth, singles: Depth) -> Depth:
    """In the limits of what has not ended: a message that is in hand also names what has."""
    left = max(run.outstanding, 0)
    deferred = min(chunks.deferred + singles.deferred, left)
    due = min(chunks.due + singles.due, left - deferred)
    in_hand = left - deferred - due if chunks.in_hand or singles.in_hand else 0
    return Depth(left - deferred - in_hand, deferred, in_hand)


def _execute(items: Depth, unbegun: int | None) -> ExecuteView:
    return ExecuteView(
        queued=items.due,
        waiting_for_rate=unbegun,
        in_hand=items.in_hand - (unbegun or 0),
        deferred=items.deferred,
    )


def _state(run: Run, message: Depth) -> str:
    if run.status == RunStatus.PAUSED and run.total_eligible is None:
        return "held"
    if message.in_hand:
        return "inHand"
    if message.due:
        return "queued"
    if message.deferred:
        return "deferred"
    if run.status == RunStatus.PENDING and run.stage == RunStage.WAITING:
        return "waiting"
    return "queued" if run.status == RunStatus.PENDING else "done"


async def _unbegun(state: ApiState, key: str, in_hand: int) -> int | None:
    """How many of those in hand wait at the gate. It counts by flow key: where several runs share
    one, this is what can be said of each."""
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            flow = await state.flow.state_of(key)
    except (TimeoutError, KeyError):  # KeyError: a family that is not here any more
        return None
    if flow.live.open:
        return 0
    if flow.observed is None:
        return None
    if flow.observed.held is not None:  # what waits at QStash is in nobody's hands
        return 0
    return min(max(flow.observed.waiting, in_hand - flow.observed.active), in_hand)
