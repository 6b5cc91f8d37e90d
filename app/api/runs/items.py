"""One item of a run: what became of it, and its steps."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Depends, Path, Query
from pydantic import Field

from app.api.dependencies import State, bearer
from app.api.routing import Router
from app.schemas.base import Answer, View
from app.schemas.runs import ItemView, RunIdInPath
from app.store.database import reading
from app.store.items import items
from app.store.runs import runs
from app.store.statuses import StepKind, StepStatus
from app.store.steps import steps
from app.store.tables.steps import Step
from app.workflows.keys import MAX_ITEM_ID

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])

ItemId = Annotated[str, Query(alias="id", max_length=MAX_ITEM_ID, description="whatever it holds")]
ItemIdInPath = Annotated[
    str, Path(max_length=MAX_ITEM_ID, description="one that is a segment of a path")
]


class StepView(View):
    name: str
    kind: StepKind
    status: StepStatus
    position: int = Field(description="which one it was to be asked for, from 1")
    attempts: int
    result: Any = Field(
        description="as it is remembered; what JSON has no word for is an object with the key `$`"
    )
    payload: Any = Field(description="what a person is shown, or what is called")
    schema_: dict[str, Any] | None = Field(alias="schema", description="of the answer")
    child_run_id: str | None
    error_class: str | None
    error_message: str | None
    answered_by: str | None
    due_at: datetime | None = Field(description="when it goes on by itself")
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(
            **step.model_dump(include=set(cls.model_fields) - {"result", "payload"}),
            result=None if step.result is None else json.loads(step.result),
            payload=None if step.payload is None else json.loads(step.payload),
            schema=None if step.expects is None else step.expects["schema"],
            child_run_id=step.child_run,
        )


class ItemAnswer(Answer):
    item: ItemView
    steps: list[StepView]


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
