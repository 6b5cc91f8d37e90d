"""One item of a run: what became of it, and its steps."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Query

from app.api.dependencies import ApiState, RunIdInPath, State, bearer
from app.api.routing import Router
from app.connections.faults import away
from app.schemas.items import AtWorkView, ItemAnswer, ItemView, StepView
from app.schemas.provider_batches.answers import StepBatchView
from app.store.database import reading
from app.store.deferred import batches
from app.store.items import items
from app.store.runs import runs
from app.store.statuses import ItemStatus, StepKind
from app.store.steps import steps
from app.store.tables.items import Item
from app.workflows.keys import MAX_ITEM_ID

REDIS_WITHIN = 1.0
"""Seconds."""

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])

ItemId = Annotated[str, Query(alias="id", max_length=MAX_ITEM_ID, description="whatever it holds")]
ItemIdInPath = Annotated[
    str, Path(max_length=MAX_ITEM_ID, description="one that is a segment of a path")
]


@router.get("/{run_id}/item")
async def get_item(run_id: RunIdInPath, item_id: ItemId, state: State) -> ItemAnswer:
    async with reading(state.database) as connection:
        run = await runs.get(connection, run_id)
        item = await items.get(connection, run_id, item_id)
        found = await steps.of_item(connection, run_id, item_id)
        asked = {}
        if any(step.kind == StepKind.DEFERRED and step.finished_at is None for step in found):
            asked = await batches.of_item(connection, run_id, item_id)
    waits = {step: StepBatchView.of(batch) for step, batch in asked.items()}
    work = await _at_work(state, item) if item.status == ItemStatus.PENDING else None
    return ItemAnswer(
        item=ItemView.of(item),
        at_work=work,
        trace=state.traces.of_item(run, item_id, failed=item.error_class is not None),
        steps=[StepView.of(step, waits.get(step.name)) for step in found],
    )


async def _at_work(state: ApiState, item: Item) -> AtWorkView | None:
    """What a worker does with the item just now; None if nothing is known, also if Redis does not
    answer: the rest of the item can be shown all the same."""
    try:
        async with asyncio.timeout(REDIS_WITHIN):
            report = await state.at_work.of(item.run_id, item.item_id)
    except Exception as error:
        if away(error) is None:
            raise
        return None
    return None if report is None else AtWorkView.of(report)


@router.get("/{run_id}/items/{item_id}")
async def get_item_by_path(run_id: RunIdInPath, item_id: ItemIdInPath, state: State) -> ItemAnswer:
    """The same, for an id without a slash that is no dot."""
    return await get_item(run_id, item_id, state)
