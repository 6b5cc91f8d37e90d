"""What items wait for people for, and answering it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends
from pydantic import BeforeValidator, Field

from app.api.dependencies import Caller, Cursor, Limit, RunIdInPath, State, bearer
from app.api.pagination import Paging
from app.api.routing import Router
from app.api.runs.items import ItemId, ItemIdInPath
from app.schemas.base import Body
from app.schemas.items import LinkAnswer, ResumedAnswer, SuspendedAnswer, SuspendedView
from app.store.database import reading
from app.store.runs import runs
from app.store.steps import questions
from app.workflows.contract.run_options import Seconds
from app.workflows.contract.steps.step_methods import LINK_LASTS

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


StepPath = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100)]],
    Field(min_length=1, max_length=10),
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
"""A name, or the path of names that leads to the step of a child."""


class ResumeItem(Body):
    step: StepPath | None = Field(None, description="may be left out where only one waits")
    data: Any = Field(None, description="the answer, as the step's schema asks for it")


class LinkBody(Body):
    step: StepPath | None = Field(None, description="may be left out where only one waits")
    expires_seconds: Seconds = Field(LINK_LASTS.total_seconds(), description="from now")


@router.get("/{run_id}/suspended")
async def list_suspended(
    run_id: RunIdInPath, state: State, limit: Limit = 50, cursor: Cursor = None
) -> SuspendedAnswer:
    """Questions to people, of the run's items and of the children of their steps."""
    paging = Paging(state.cursors, f"suspended:{run_id}", limit, cursor)
    after = ("", "", "")
    if (position := paging.after) is not None:
        run, item, name = json.loads(position)
        after = (run, item, name)
    async with reading(state.database) as connection:
        await runs.get(connection, run_id)
        found = await questions.waiting(connection, run_id, after=after, limit=paging.wanted)
    page = paging.page_of(found, lambda question: json.dumps(question.id))
    return SuspendedAnswer(
        suspended=[SuspendedView.of(question) for question in page.rows],
        next_cursor=page.next_cursor,
    )


@router.post("/{run_id}/item/resume")
async def resume_item(
    run_id: RunIdInPath, item_id: ItemId, body: ResumeItem, state: State, caller: Caller
) -> ResumedAnswer:
    """Answer the question that the item waits for; it goes on with the answer."""
    question = await state.answering.question(run_id, item_id, body.step)
    await state.answering.answer(question, body.data, by=caller)
    view = SuspendedView.of(question)
    return ResumedAnswer(item_id=item_id, step=view.step, message="The item goes on")


@router.post("/{run_id}/items/{item_id}/resume")
async def resume_item_by_path(
    run_id: RunIdInPath, item_id: ItemIdInPath, body: ResumeItem, state: State, caller: Caller
) -> ResumedAnswer:
    """The same, for an id without a slash that is no dot."""
    return await resume_item(run_id, item_id, body, state, caller)


@router.post("/{run_id}/item/link")
async def make_link(
    run_id: RunIdInPath, item_id: ItemId, state: State, body: LinkBody | None = None
) -> LinkAnswer:
    """Make a link to a page on which somebody without a token can read the question and answer
    it."""
    body = body or LinkBody()
    question = await state.answering.question(run_id, item_id, body.step)
    expires = timedelta(seconds=body.expires_seconds)
    url = state.links.issue(run_id, item_id, question.path, expires)
    return LinkAnswer(url=url, expires_at=datetime.now(UTC) + expires)


@router.post("/{run_id}/items/{item_id}/link")
async def make_link_by_path(
    run_id: RunIdInPath, item_id: ItemIdInPath, state: State, body: LinkBody | None = None
) -> LinkAnswer:
    """The same, for an id without a slash that is no dot."""
    return await make_link(run_id, item_id, state, body)
