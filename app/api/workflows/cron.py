"""``POST /api/cron/{family}``: a platform's clock says that it is time.

Such callers try again after anything but a 2xx, and may call twice for one moment. So each moment
has a key, under which it starts one run; and a run that is still active is no error. A moment older
than keys are kept is refused: it would start another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response
from pydantic import AfterValidator, Field, StrictBool, StrictInt

from app.api.dependencies import ApiState, Caller, State, bearer
from app.api.empty_body import or_empty
from app.api.idempotency import OnceFor, answer_start, fingerprint
from app.api.routing import ExactRoute, Router
from app.config.run_bounds import MOST_ITEMS
from app.errors import NotFound
from app.schemas.base import Answer, MomentWithOffset
from app.schemas.workflow_answers import watch_it
from app.schemas.workflow_bodies import RunOptionsBody, body_model, params_field
from app.store.database import reading
from app.store.runs.idempotency import KEPT, IdempotentCall, present_minute
from app.workflows.client import RunRequest
from app.workflows.contract.job_family import AnyFamily
from app.workflows.schedules.external_trigger import trigger_once

SKIPPED = "skipped: already active"
MOST_AHEAD = timedelta(minutes=5)
"""Of our clock: the caller's may be so much faster."""


def _is_near(moment: datetime) -> datetime:
    now = datetime.now(UTC)
    if moment > now + MOST_AHEAD:
        raise ValueError(
            f"it is more than 5 minutes ahead of now, {now:%Y-%m-%dT%H:%MZ}, and a call starts a"
            " run at once: call when the moment has come, or leave it out"
        )
    if moment < (oldest := now - KEPT):
        raise ValueError(
            f"it is more than {KEPT.days} days ago, before {oldest:%Y-%m-%dT%H:%MZ}, and whether a"
            " run was started for it is known no more: leave it out to start one now"
        )
    return moment


FireTime = Annotated[MomentWithOffset, AfterValidator(_is_near)]
InQuery = Annotated[
    FireTime | None,
    Query(alias="fireTime", description="as the body's, for a caller that can send no body"),
]
InHeader = Annotated[
    FireTime | None,
    Header(alias="X-CloudScheduler-ScheduleTime", description="what Cloud Scheduler tells"),
]


class FiredAnswer(Answer):
    run_id: str = Field(description="the run that was started, or the active one")
    skipped: bool = Field(description="nothing was started, because that run has not ended")
    message: str


def cron_router(families: Sequence[AnyFamily]) -> Router:
    router = Router(prefix="/api/cron", tags=["cron"], dependencies=[Depends(bearer)])
    for family in families:
        _add_family(router, family)

    async def unknown(family: str, state: State) -> None:
        raise NotFound(state.family_files.unknown(family, state.families))

    router.add_api_route(
        "/{family:path}",
        unknown,
        methods=["POST"],
        include_in_schema=False,
        route_class_override=ExactRoute,  # that it is not there comes before what its query lacks
    )
    return router


def _add_family(router: Router, family: AnyFamily) -> None:
    model = body_model(
        family,
        "Cron",
        RunOptionsBody,
        fire_time=(
            FireTime | None,
            Field(None, description="the moment that this call is for, with its offset from UTC"),
        ),
        force=(StrictBool, Field(False, description="also those that already have a result")),
        limit=(StrictInt | None, Field(None, gt=0, le=MOST_ITEMS, description="items at most")),
        params=params_field(family),
    )

    async def fired(
        request: Request,
        state: State,
        caller: Caller,
        once: OnceFor,
        response: Response,
        body: Any = None,
        in_query: InQuery = None,
        in_header: InHeader = None,
    ) -> FiredAnswer:
        asked: Any = or_empty(body, model)
        moment = asked.fire_time or in_query or in_header
        # Without the moment: a call that is repeated later may tell another one under its key.
        said = asked.model_copy(update={"fire_time": None})
        found = await trigger_once(
            state.client,
            state.database,
            state.families[family.name],
            RunRequest(
                params=asked.params,
                force=asked.force,
                limit=asked.limit,
                options=asked.options(family),
            ),
            started_by=caller,
            once=once(said)
            or await _at(state, caller, moment, fingerprint(state.secrets, request, said)),
        )
        answer_start(response, found)
        if not found.skipped:
            return FiredAnswer(run_id=found.run_id, skipped=False, message=watch_it(found.run_id))
        response.status_code = 200
        return FiredAnswer(run_id=found.run_id, skipped=True, message=SKIPPED)

    fired.__annotations__["body"] = model
    router.add_api_route(
        f"/{family.name}",
        fired,
        methods=["POST"],
        summary=f"It is time: start a run over {family.entity.plural}, unless one is active",
        operation_id=f"{family.name}.cron",
        response_model=FiredAnswer,
        responses={202: {"model": FiredAnswer, "description": "A run was started"}},
    )


async def _at(state: ApiState, caller: str, moment: datetime | None, said: bytes) -> IdempotentCall:
    """The moment as a key: other params at the same moment are another call."""
    if moment is None:
        async with reading(state.database) as connection:
            moment = await present_minute(connection)
    return IdempotentCall(
        caller, f"fire {moment.astimezone(UTC).isoformat()} {said.hex()[:16]}", said
    )
