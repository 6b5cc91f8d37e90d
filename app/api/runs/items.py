"""One item of a run: what became of it, and its steps."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from app.api.dependencies import RunIdInPath, State, bearer
from app.api.routing import Router
from app.schemas.items import ItemAnswer, ItemView, StepView
from app.store.database import reading
from app.store.items import items
from app.store.runs import runs
from app.store.steps import steps
from app.workflows.keys import MAX_ITEM_ID

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])

ItemId = Annotated[str, Query(alias="id", max_length=MAX_ITEM_ID, description="whatever it holds")]
ItemIdInPath = Annotated[
    str, Path(max_length=MAX_ITEM_ID, description="one that is a segment of a path")
]


@router.get("/{run_id}/item")
async def get_item(run_id: RunIdInPath, item_id: ItemId, state: State) -> ItemAnswer:
    async with reading(state.database) as connection:
        await runs.get(connection, run_id)
        item = await items.get(connection, run_id, item_id)
        found = await steps.of_item(connection, run_id, item_id)
    return ItemAnswer(item=ItemView.of(item), steps=[StepView.of(step) for step in found])


@router.get("/{run_id}/items/{item_id}")
async def get_item_by_path(run_id: RunIdInPath, item_id: ItemIdInPath, state: State) -> ItemAnswer:
    """The same, where the id holds no slash and is no dot."""
    return await get_item(run_id, item_id, state)
