"""``paginate-users``: more work for a run that is under way."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from app.api.dependencies import LONGEST_CURSOR, Allowed, State
from app.api.routing import Router
from app.api.workflows.approval import require_may_add_items
from app.errors import BadInput
from app.schemas.workflow_answers import ScheduledAnswer, scheduled_answer
from app.schemas.workflow_bodies import ItemIds, RunId, body_model
from app.workflows.contract.job_family import AnyFamily


def add_paginate(router: Router, family: AnyFamily) -> None:
    many = family.entity.plural
    model = body_model(
        family,
        "Paginate",
        run_id=(RunId, ...),
        cursor=(
            str | None,
            Field(None, max_length=LONGEST_CURSOR, description="of GET /api/runs/{id}"),
        ),
        item_ids=(ItemIds | None, Field(None, description="a chunk, in place of a cursor")),
    )

    async def paginate(body: Any, state: State, allowed: Allowed) -> ScheduledAnswer:
        if body.cursor is not None and body.item_ids is not None:
            raise BadInput("Send either cursor or itemIds, not both.", field="cursor")
        position = None
        if body.cursor is not None:
            position = state.cursors.accept(f"page:{body.run_id}", body.cursor)
        await require_may_add_items(state, allowed, body.run_id)
        bound = state.families[family.name]
        if body.item_ids is not None:
            fresh = await state.client.trigger_items(bound, body.run_id, body.item_ids)
            return scheduled_answer(family.entity, body.run_id, fresh, len(set(body.item_ids)))
        await state.client.trigger_paginate(bound, body.run_id, cursor=position)
        return ScheduledAnswer(run_id=body.run_id, scheduled=0, message="The page will be read")

    paginate.__annotations__["body"] = model
    router.add_api_route(
        f"/paginate-{many}",
        paginate,
        methods=["POST"],
        status_code=202,
        summary=f"Let a run's paging go on at a cursor, or schedule a chunk of {many}",
        operation_id=f"{family.name}.paginate",
    )
