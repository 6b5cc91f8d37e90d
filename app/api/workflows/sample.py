"""``sample-users``: execute a uniform sample of what a run would be for, and save nothing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field, StrictBool, StrictInt

from app.api.admission.call_limits import STREAM, asks_for_stream
from app.api.dependencies import LongCall, State, Stopping
from app.api.empty_body import or_empty, require_no_content
from app.api.routing import Router
from app.api.workflows.item_lists import require_list
from app.api.workflows.long_answer import LongAnswer
from app.config.run_bounds import MOST_ITEMS as LARGEST_RUN
from app.schemas.base import Body
from app.schemas.samples.answers import SampleAnswer, SampleProgress, sample_answer
from app.schemas.workflow_bodies import ItemIds, RunId, body_model, params_field
from app.workflows.client import RunRequest
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.run_options import Budget
from app.workflows.samples.service import (
    LONGEST,
    MOST_ITEMS,
    SHORTEST,
    USUAL_ITEMS,
    USUAL_SECONDS,
    SampleRequest,
)
from app.workflows.samples.tally import SampleTally

Size = Annotated[StrictInt, Field(ge=1, le=MOST_ITEMS)]
Seconds = Annotated[float, Field(ge=SHORTEST, le=LONGEST, strict=True)]


def _model(family: AnyFamily) -> type[Body]:
    many = family.entity.plural
    return body_model(
        family,
        "Sample",
        size=(Size, Field(USUAL_ITEMS, description=f"{many} to execute at the most")),
        seconds=(
            Seconds,
            Field(USUAL_SECONDS, description="for all of it; what is at work then is broken off"),
        ),
        budget=(
            Budget | None,
            Field(None, description="when so much is spent, nothing else begins"),
        ),
        force=(StrictBool, Field(False, description="also of those that already have a result")),
        limit=(
            StrictInt | None,
            Field(
                None, gt=0, le=LARGEST_RUN, description="of the run that is estimated: its items"
            ),
        ),
        item_ids=(ItemIds | None, Field(None, description=f"of exactly these {many}")),
        item_list=(
            RunId | None,
            Field(None, description="of exactly those of this list: see POST /api/item-lists"),
        ),
        params=params_field(family),
    )


def add_sample(router: Router, family: AnyFamily) -> None:
    many = family.entity.plural
    model = _model(family)

    async def sample(
        request: Request, state: State, long: LongCall, stopping: Stopping, body: Any = None
    ) -> Response:
        if body is None:
            require_no_content(request)
        body = or_empty(body, model)
        await require_list(state.database, body.item_list, body.item_ids)
        bound = state.families[family.name]
        asked = SampleRequest(
            run=RunRequest(
                params=body.params,
                force=body.force,
                limit=body.limit,
                item_ids=body.item_ids,
                item_list=body.item_list,
            ),
            size=body.size,
            seconds=body.seconds,
            budget=body.budget,
        )
        tally = SampleTally()

        async def answered() -> SampleAnswer:
            return sample_answer(
                family.entity, await state.client.samples.sample(bound, asked, tally)
            )

        return LongAnswer(
            request,
            answered,
            place=long.previewing,
            progress=lambda: None if tally.chosen is None else SampleProgress.of(tally),
            stopping=stopping,
            event="sample" if asks_for_stream(request) else None,
        )

    sample.__annotations__["body"] = model
    router.add_api_route(
        f"/sample-{many}",
        sample,
        methods=["POST"],
        summary=f"Execute a few {many} chosen at random, and save nothing",
        operation_id=f"{family.name}.sample",
        response_model=SampleAnswer,
        responses={
            200: {
                "description": "With Accept: text/event-stream, a stream of `progress` that ends"
                " with `sample`, or with `problem`",
                "content": {STREAM: {}},
            },
            424: {"description": "The family is not ready"},
        },
    )
