"""``generate-user``: execute one item, or preview it."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import AliasChoices, Field, StrictBool
from pydantic.alias_generators import to_camel

from app.api.dependencies import Allowed, Caller, LongCall, State
from app.api.idempotency import OnceFor, answer_start
from app.api.routing import Router
from app.api.workflows.approval import require_may_add_items
from app.errors import BadInput
from app.schemas.workflow_answers import (
    ItemFailed,
    PreviewAnswer,
    ScheduledAnswer,
    preview_answer,
    scheduled_answer,
    watch_it,
)
from app.schemas.workflow_bodies import (
    Approval,
    AttemptsAsked,
    ItemId,
    RunId,
    body_model,
    params_field,
)
from app.tokens import Scope
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.run_options import options_of


def add_execute(router: Router, family: AnyFamily) -> None:
    one = family.entity.singular
    name = to_camel(one.replace("-", "_")) + "Id"
    model = body_model(
        family,
        "Execute",
        item_id=(
            ItemId,
            Field(validation_alias=AliasChoices(name, "itemId"), description=f"of one {one}"),
        ),
        run_id=(RunId | None, Field(None, description="a running run; else one is made for it")),
        dry_run=(
            StrictBool,
            Field(False, description="execute, save nothing, and answer what would change"),
        ),
        attempts=(AttemptsAsked, None),
        approval=(Approval, None),
        params=params_field(family),
    )

    async def execute(
        body: Any,
        state: State,
        caller: Caller,
        allowed: Allowed,
        once: OnceFor,
        long: LongCall,
        response: Response,
    ) -> PreviewAnswer | ScheduledAnswer:
        bound = state.families[family.name]
        if body.dry_run:
            async with long.previewing():
                verdict = await state.previews.preview(bound, body.item_id, body.params)
                if verdict.error_class is not None:
                    raise ItemFailed(f"{verdict.error_class}: {verdict.error_message}")
                before = await state.previews.stored(bound, body.item_id, body.params)
                overwrites = await state.previews.has_result(bound, body.item_id, body.params)
                return await preview_answer(body.item_id, verdict, before, overwrites=overwrites)
        allowed.require(Scope.RUN)
        if body.run_id is not None:
            for own in ("approval", "attempts"):
                if getattr(body, own) is not None:
                    raise BadInput(f"{own} is for a run of its own: name no runId.", field=own)
            await require_may_add_items(state, allowed, body.run_id)
            response.status_code = 202
            fresh = await state.client.trigger_items(bound, body.run_id, [body.item_id])
            return scheduled_answer(family.entity, body.run_id, fresh, 1)
        started = await state.client.trigger_execute(
            bound,
            body.item_id,
            body.params,
            started_by=caller,
            once=once(body),
            options=options_of(family, approval=body.approval, attempts=body.attempts),
        )
        answer_start(response, started)
        run_id = started.run_id
        return ScheduledAnswer(run_id=run_id, scheduled=1, message=watch_it(run_id))

    execute.__annotations__["body"] = model
    router.add_api_route(
        f"/{family.verb}-{one}",
        execute,
        methods=["POST"],
        summary=f"{family.verb.capitalize()} one {one}, or preview it",
        operation_id=f"{family.name}.execute",
        response_model=PreviewAnswer | ScheduledAnswer,
        responses={
            202: {"model": ScheduledAnswer, "description": "It will be executed"},
            ItemFailed.status: {"description": "The item's execution failed"},
        },
    )
