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
from app.schemas.base import Body
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
    PriorityAsked,
    RunId,
    body_model,
    entity_field,
    params_field,
    require_alone,
)
from app.store.runs.idempotency import IdempotentCall
from app.tokens import Scope
from app.workflows.client import WorkflowClient
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.run_options import options_of
from app.workflows.keys import handed_over
from app.workflows.previews import HANDED_OVER, PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.start import StartedRun


def _model(family: AnyFamily, name: str) -> type[Body]:
    """``name``: what an item's id is called in it."""
    one = family.entity.singular
    return body_model(
        family,
        "Execute",
        item_id=(
            ItemId if family.invokes is None else ItemId | None,
            Field(
                ... if family.invokes is None else None,
                validation_alias=AliasChoices(name, "itemId"),
                description=f"of one {one}",
            ),
        ),
        entity=entity_field(family),
        run_id=(RunId | None, Field(None, description="a running run; else one is made for it")),
        dry_run=(
            StrictBool,
            Field(False, description="execute, save nothing, and answer what would change"),
        ),
        attempts=(AttemptsAsked, None),
        approval=(Approval, None),
        priority=(PriorityAsked, None),
        params=params_field(family),
    )


def _require_no_options(body: Any) -> None:
    for own in ("approval", "attempts", "priority"):
        if getattr(body, own) is not None:
            raise BadInput(f"{own} is for a run of its own: name no runId.", field=own)


def add_execute(router: Router, family: AnyFamily) -> None:
    one = family.entity.singular
    name = to_camel(one.replace("-", "_")) + "Id"
    model = _model(family, name)

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
        if body.item_id is None and body.entity is None:
            raise BadInput(f"Name {name}, or send an entity.", field=name)
        require_alone(body, {"item_id": name, "run_id": "runId"})
        if body.entity is not None:
            # A preview too: who may only look has nothing executed that they thought up.
            allowed.require(Scope.RUN)
        if body.dry_run:
            async with long.previewing():
                return await _previewed(state.previews, bound, body)
        allowed.require(Scope.RUN)
        if body.run_id is None:
            started = await _started(state.client, bound, body, caller, once(body))
            answer_start(response, started)
            return _answer(started.run_id, body)
        _require_no_options(body)
        await require_may_add_items(state, allowed, body.run_id)
        response.status_code = 202
        fresh = await state.client.trigger_items(bound, body.run_id, [body.item_id])
        return scheduled_answer(family.entity, body.run_id, fresh, 1)

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


async def _started(
    client: WorkflowClient,
    bound: BoundFamily,
    body: Any,  # made for the family
    caller: str,
    once: IdempotentCall | None,
) -> StartedRun:
    """A run of the item alone."""
    return await client.trigger_execute(
        bound,
        body.item_id if body.entity is None else body.entity,
        body.params,
        started_by=caller,
        once=once,
        options=options_of(
            bound.family, approval=body.approval, attempts=body.attempts, priority=body.priority
        ),
    )


def _answer(run_id: str, body: Any) -> ScheduledAnswer:  # made for the family
    return ScheduledAnswer(
        run_id=run_id,
        item_id=None if body.entity is None else handed_over(run_id),
        scheduled=1,
        message=watch_it(run_id),
    )


async def _previewed(
    previews: PreviewService,
    bound: BoundFamily,
    body: Any,  # made for the family
) -> PreviewAnswer:
    what = body.item_id if body.entity is None else body.entity
    verdict = await previews.preview(bound, what, body.params)
    if verdict.error_class is not None:
        raise ItemFailed(f"{verdict.error_class}: {verdict.error_message}")
    if body.entity is not None:
        return await preview_answer(HANDED_OVER, verdict, None, overwrites=False)
    before = await previews.stored(bound, body.item_id, body.params)
    overwrites = await previews.has_result(bound, body.item_id, body.params)
    return await preview_answer(body.item_id, verdict, before, overwrites=overwrites)
