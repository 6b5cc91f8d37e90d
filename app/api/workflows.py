"""The three routes of each family, derived from the family alone."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    Field,
    StrictBool,
    StrictInt,
    create_model,
)
from pydantic.alias_generators import to_camel, to_pascal

from app.api.deps import LONGEST_CURSOR, Body, Caller, State, bearer
from app.api.workflow_answers import (
    DryRunAnswer,
    ItemFailed,
    PreviewAnswer,
    ScheduledAnswer,
    StartedAnswer,
    dry_run_answer,
)
from app.errors import BadInput, NotFound
from app.workflows.client import ProcessRequest
from app.workflows.family import AnyFamily
from app.workflows.keys import MAX_ITEM_ID

MOST_ITEM_IDS = 1_000


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("an id holds no NUL character")
    return value


ItemId = Annotated[str, Field(min_length=1, max_length=MAX_ITEM_ID), AfterValidator(_no_nul)]
ItemIds = Annotated[list[ItemId], Field(min_length=1, max_length=MOST_ITEM_IDS)]
RunId = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_no_nul)]


def family_router(family: AnyFamily) -> APIRouter:
    router = APIRouter(
        prefix=f"/api/workflows/{family.name}", tags=[family.name], dependencies=[Depends(bearer)]
    )
    _add_process(router, family)
    _add_paginate(router, family)
    _add_execute(router, family)
    return router


def unknown_router(families: list[str]) -> APIRouter:
    """Says which families and routes there are, to a caller who named another."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/api/workflows/{family}/{_:path}", methods=["GET", "POST"])
    async def unknown(family: str) -> None:
        if family in families:
            raise NotFound(
                f"{family} has no such route with this method. GET /api/families lists its routes."
            )
        raise NotFound(f"There is no family {family!r}. Known are: {', '.join(families)}.")

    return router


def routes_of(family: AnyFamily) -> dict[str, str]:
    """The paths of a family's three routes, by layer."""
    base = f"/api/workflows/{family.name}"
    return {
        "process": f"{base}/process-{family.entity.plural}",
        "paginate": f"{base}/paginate-{family.entity.plural}",
        "execute": f"{base}/{family.verb}-{family.entity.singular}",
    }


def _params_field(family: AnyFamily) -> tuple[type[BaseModel], Any]:  # as create_model takes it
    if any(field.is_required() for field in family.params.model_fields.values()):
        return family.params, ...
    return family.params, Field(default_factory=family.params)


def _model(family: AnyFamily, suffix: str, **fields: Any) -> type[Body]:  # as create_model takes it
    return create_model(to_pascal(family.name.replace("-", "_")) + suffix, __base__=Body, **fields)


def _add_process(router: APIRouter, family: AnyFamily) -> None:
    many = family.entity.plural
    body_model = _model(
        family,
        "Process",
        dry_run=(StrictBool, Field(False, description="answer statistics only; start nothing")),
        force=(StrictBool, Field(False, description="also those that already have a result")),
        limit=(StrictInt | None, Field(None, gt=0, le=2**31 - 1, description="items at most")),
        item_ids=(ItemIds | None, Field(None, description=f"exactly these {many}")),
        params=_params_field(family),
    )

    async def process(
        body: Any, state: State, caller: Caller, response: Response
    ) -> DryRunAnswer | StartedAnswer:
        bound = state.families[family.name]
        request = ProcessRequest(
            params=body.params, force=body.force, limit=body.limit, item_ids=body.item_ids
        )
        if body.dry_run:
            return dry_run_answer(many, await state.client.dry_run(bound, request))
        run_id = (await state.client.trigger_process(bound, request, started_by=caller)).run_id
        response.status_code = 202
        return StartedAnswer(
            run_id=run_id, message=f"Run started. Watch it: GET /api/runs/{run_id}"
        )

    process.__annotations__["body"] = body_model
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


def _add_paginate(router: APIRouter, family: AnyFamily) -> None:
    many = family.entity.plural
    body_model = _model(
        family,
        "Paginate",
        run_id=(RunId, ...),
        cursor=(
            str | None,
            Field(None, max_length=LONGEST_CURSOR, description="of GET /api/runs/{id}"),
        ),
        item_ids=(ItemIds | None, Field(None, description="a chunk, in place of a cursor")),
    )

    async def paginate(body: Any, state: State) -> ScheduledAnswer:
        if body.cursor is not None and body.item_ids is not None:
            raise BadInput("Send either cursor or itemIds, not both.", field="cursor")
        bound = state.families[family.name]
        if body.item_ids is not None:
            number = await state.client.trigger_items(bound, body.run_id, body.item_ids)
            message = f"Scheduled {number} {many}"
            return ScheduledAnswer(run_id=body.run_id, scheduled=number, message=message)
        position = None
        if body.cursor is not None:
            position = state.cursors.accept(f"page:{body.run_id}", body.cursor)
        await state.client.trigger_paginate(bound, body.run_id, cursor=position)
        return ScheduledAnswer(run_id=body.run_id, scheduled=0, message="The page will be read")

    paginate.__annotations__["body"] = body_model
    router.add_api_route(
        f"/paginate-{many}",
        paginate,
        methods=["POST"],
        status_code=202,
        summary=f"Let a run's paging go on at a cursor, or schedule a chunk of {many}",
        operation_id=f"{family.name}.paginate",
    )


def _add_execute(router: APIRouter, family: AnyFamily) -> None:
    one = family.entity.singular
    name = to_camel(one.replace("-", "_")) + "Id"
    body_model = _model(
        family,
        "Execute",
        item_id=(
            ItemId,
            Field(validation_alias=AliasChoices(name, "itemId"), description=f"of one {one}"),
        ),
        run_id=(RunId | None, Field(None, description="a running run; else one is made for it")),
        dry_run=(
            StrictBool,
            Field(False, description="execute and answer the result; save nothing"),
        ),
        params=_params_field(family),
    )

    async def execute(
        body: Any, state: State, caller: Caller, response: Response
    ) -> PreviewAnswer | ScheduledAnswer:
        bound = state.families[family.name]
        if body.dry_run:
            verdict = await state.client.preview(bound, body.item_id, body.params)
            if verdict.error_class is not None:
                raise ItemFailed(f"{verdict.error_class}: {verdict.error_message}")
            return PreviewAnswer(
                item_id=body.item_id,
                outcome=verdict.status,
                reason=verdict.error_message,
                result=verdict.history.value,
                milliseconds=verdict.work_ms,
            )
        response.status_code = 202
        if body.run_id is not None:
            number = await state.client.trigger_items(bound, body.run_id, [body.item_id])
            message = f"Scheduled {number} {one}" if number else f"This {one} has its outcome"
            return ScheduledAnswer(run_id=body.run_id, scheduled=number, message=message)
        started = await state.client.trigger_execute(
            bound, body.item_id, body.params, started_by=caller
        )
        run_id = started.run_id
        message = f"Run started. Watch it: GET /api/runs/{run_id}"
        return ScheduledAnswer(run_id=run_id, scheduled=1, message=message)

    execute.__annotations__["body"] = body_model
    router.add_api_route(
        f"/{family.verb}-{one}",
        execute,
        methods=["POST"],
        summary=f"{family.verb.capitalize()} one {one}, or preview it",
        operation_id=f"{family.name}.execute",
        response_model=PreviewAnswer | ScheduledAnswer,
        responses={202: {"model": ScheduledAnswer, "description": "It will be executed"}},
    )
