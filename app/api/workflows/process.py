"""``process-users``: count, and start a run."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from pydantic import Field, StrictBool, StrictInt

from app.api.dependencies import Allowed, Caller, LongCall, State
from app.api.empty_body import or_empty, require_no_content
from app.api.idempotency import OnceFor, answer_start
from app.api.routing import Router
from app.errors import BadInput
from app.schemas.workflow_answers import DryRunAnswer, StartedAnswer, dry_run_answer, watch_it
from app.schemas.workflow_bodies import ItemIds, RunId, RunOptionsBody, body_model, params_field
from app.store.database import reading
from app.store.items import item_lists
from app.tokens import Scope
from app.workflows.client import RunRequest
from app.workflows.contract.job_family import AnyFamily


def add_process(router: Router, family: AnyFamily) -> None:
    many = family.entity.plural
    model = body_model(
        family,
        "Process",
        RunOptionsBody,
        dry_run=(StrictBool, Field(False, description="answer statistics only; start nothing")),
        force=(StrictBool, Field(False, description="also those that already have a result")),
        limit=(StrictInt | None, Field(None, gt=0, le=2**31 - 1, description="items at most")),
        item_ids=(ItemIds | None, Field(None, description=f"exactly these {many}")),
        item_list=(
            RunId | None,
            Field(None, description="exactly those of this list: see POST /api/item-lists"),
        ),
        params=params_field(family),
    )

    async def process(
        request: Request,
        state: State,
        caller: Caller,
        allowed: Allowed,
        once: OnceFor,
        long: LongCall,
        response: Response,
        body: Any = None,
    ) -> DryRunAnswer | StartedAnswer:
        if body is None:
            require_no_content(request)
        body = or_empty(body, model)
        if body.item_list is not None:
            if body.item_ids is not None:
                raise BadInput("Send either itemIds or itemList, not both.", field="itemList")
            async with reading(state.database) as connection:
                await item_lists.require(connection, body.item_list)
        bound = state.families[family.name]
        asked = RunRequest(
            params=body.params,
            force=body.force,
            limit=body.limit,
            item_ids=body.item_ids,
            item_list=body.item_list,
            options=body.options(family),
        )
        if body.dry_run:
            async with long.counting():
                return dry_run_answer(many, await state.client.dry_run(bound, asked))
        allowed.require(Scope.RUN)
        started = await state.client.trigger_process(
            bound, asked, started_by=caller, once=once(body)
        )
        answer_start(response, started)
        return StartedAnswer(run_id=started.run_id, message=watch_it(started.run_id))

    process.__annotations__["body"] = model
    router.add_api_route(
        f"/process-{many}",
        process,
        methods=["POST"],
        summary=f"Count, and start a run over, {many}",
        description=type(family).__doc__,
        operation_id=f"{family.name}.process",
        response_model=DryRunAnswer | StartedAnswer,
        responses={202: {"model": StartedAnswer, "description": "The run was started"}},
    )
