"""``process-users``: count, and start a run."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import Field, StrictBool, StrictInt

from app.api.dependencies import Allowed, Caller, LongCall, State, Stopping
from app.api.empty_body import or_empty, require_no_content
from app.api.idempotency import OnceFor, answer_start
from app.api.routing import Router
from app.api.workflows.item_lists import require_list
from app.config.run_bounds import MOST_ITEMS
from app.schemas.base import Body
from app.schemas.workflow_answers import (
    CountedAnswer,
    DryRunAnswer,
    StartedAnswer,
    counted_answer,
    dry_run_answer,
    watch_it,
)
from app.schemas.workflow_bodies import (
    ItemIds,
    RunId,
    RunOptionsBody,
    body_model,
    entity_field,
    params_field,
    require_alone,
)
from app.tokens import Scope
from app.workflows.client import RunRequest
from app.workflows.contract.job_family import AnyFamily
from app.workflows.keys import handed_over

LONGEST_WAIT = 30
"""Seconds."""
OF_SEVERAL = {
    "item_ids": "itemIds",
    "item_list": "itemList",
    "limit": "limit",
    "force": "force",
    "canary": "canary",
    "auto_promote": "autoPromote",
    "ramp": "ramp",
    "max_failure_rate": "maxFailureRate",
    "min_items": "minItems",
}
"""What says something about several items, or about which."""

Wait = Annotated[
    float | None,
    Query(
        ge=0,
        le=LONGEST_WAIT,
        allow_inf_nan=False,
        description="seconds to wait until the run has been counted: the answer has its numbers",
    ),
]


def _model(family: AnyFamily) -> type[Body]:
    many = family.entity.plural
    return body_model(
        family,
        "Process",
        RunOptionsBody,
        dry_run=(StrictBool, Field(False, description="answer statistics only; start nothing")),
        force=(StrictBool, Field(False, description="also those that already have a result")),
        limit=(StrictInt | None, Field(None, gt=0, le=MOST_ITEMS, description="items at most")),
        item_ids=(ItemIds | None, Field(None, description=f"exactly these {many}")),
        item_list=(
            RunId | None,
            Field(None, description="exactly those of this list: see POST /api/item-lists"),
        ),
        entity=entity_field(family),
        params=params_field(family),
    )


def _request(family: AnyFamily, body: Any) -> RunRequest:
    return RunRequest(
        params=body.params,
        force=body.force,
        limit=body.limit,
        item_ids=body.item_ids,
        item_list=body.item_list,
        entity=body.entity,
        options=body.options(family),
    )


def add_process(router: Router, family: AnyFamily) -> None:
    many = family.entity.plural
    model = _model(family)

    async def process(
        request: Request,
        state: State,
        caller: Caller,
        allowed: Allowed,
        once: OnceFor,
        long: LongCall,
        stopping: Stopping,
        response: Response,
        wait: Wait = None,
        body: Any = None,
    ) -> DryRunAnswer | CountedAnswer | StartedAnswer:
        if body is None:
            require_no_content(request)
        body = or_empty(body, model)
        await require_list(state.database, body.item_list, body.item_ids)
        require_alone(body, OF_SEVERAL)
        bound = state.families[family.name]
        asked = _request(family, body)
        if body.dry_run:
            async with long.counting():
                return dry_run_answer(many, await state.client.dry_run(bound, asked))
        allowed.require(Scope.RUN)
        async with nullcontext() if wait is None else long.waiting():
            started = await state.client.trigger_process(
                bound, asked, started_by=caller, once=once(body)
            )
            answer_start(response, started)
            if wait is None:
                return StartedAnswer(
                    run_id=started.run_id,
                    item_id=None if body.entity is None else handed_over(started.run_id),
                    message=watch_it(started.run_id),
                )
            handle = state.client.run(started.run_id)
            return counted_answer(many, await handle.counted(within=wait, leave=stopping))

    process.__annotations__["body"] = model
    router.add_api_route(
        f"/process-{many}",
        process,
        methods=["POST"],
        summary=f"Count, and start a run over, {many}",
        description=type(family).__doc__,
        operation_id=f"{family.name}.process",
        response_model=DryRunAnswer | CountedAnswer | StartedAnswer,
        responses={
            202: {"model": CountedAnswer | StartedAnswer, "description": "The run was started"},
            424: {"description": "The family is not ready"},
        },
    )
