"""What every route is given, and the shapes that they share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Query, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.scopes import Rights
from app.engine import Engine
from app.errors import BadInput
from app.faults import Fault
from app.flow.history import FlowHistory
from app.services.files import FileStore
from app.store.changes import RunChanges
from app.workflows.answer_links import AnswerLinks
from app.workflows.answering import Answering
from app.workflows.backfill_control import BackfillControl
from app.workflows.bound import BoundFamily
from app.workflows.client import WorkflowClient
from app.workflows.coverage import CoverageSurvey
from app.workflows.family_files import FamilyFiles
from app.workflows.flow_admin import FlowAdmin
from app.workflows.json_text import unstorable
from app.workflows.keys import CursorSigner
from app.workflows.run_control import RunControl
from app.workflows.schedule_admin import ScheduleAdmin
from app.workflows.secret_box import SecretBox

MOST_ROWS = 200
LONGEST_CURSOR = 4_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class ApiState:
    """Made by ``bootstrap`` when the service opens."""

    client: WorkflowClient
    control: RunControl
    changes: RunChanges
    flow: FlowAdmin
    flow_history: FlowHistory
    database: AsyncEngine
    families: Mapping[str, BoundFamily]
    cursors: CursorSigner
    answering: Answering
    links: AnswerLinks
    engine: Engine
    files: FileStore
    backfills: BackfillControl
    coverage: CoverageSurvey
    schedules: ScheduleAdmin
    family_files: FamilyFiles
    secrets: SecretBox
    probes: Mapping[str, Callable[[], Awaitable[object]]]
    """By name, what ``/readyz`` tries."""
    faults: dict[str, Fault] = field(default_factory=dict)
    """By name, what ``/readyz`` found wrong the last time."""


class Body(BaseModel):
    """What a caller sends: camelCase, and no field that we do not know."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, data: object) -> object:
        """As it was sent, because a secret in it cannot be looked at later."""
        fault = unstorable(data)
        if fault is not None:
            place, why = fault
            raise BadInput(f"{place or 'body'} {why}.", field=place or "body")
        return data


class View(BaseModel):
    """A part of an answer: camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class Answer(View):
    """A whole answer: it says that it is no problem document."""

    success: bool = True


def _state(request: Request) -> ApiState:
    return cast("ApiState", request.app.state.api)


def _caller(request: Request) -> str:
    """The name of the caller's token, which ``access`` has checked."""
    return _rights(request).token


def _rights(request: Request) -> Rights:
    return cast("Rights", request.scope["sluice.rights"])


def _stopping(request: Request) -> asyncio.Event:
    return cast("asyncio.Event", request.app.state.stopping)


State = Annotated[ApiState, Depends(_state)]
Stopping = Annotated[asyncio.Event, Depends(_stopping)]
"""Set when the server begins to stop: answers without an end must end then."""
Caller = Annotated[str, Depends(_caller)]
Allowed = Annotated[Rights, Depends(_rights)]
"""For the routes that ``app.api.scopes`` lets ask once more."""
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="how many to answer at most")]
Cursor = Annotated[
    str | None, Query(max_length=LONGEST_CURSOR, description="`nextCursor` of the answer before")
]
bearer = HTTPBearer(auto_error=False, description="One of SLUICE_TOKENS, with the scope.")
"""Only for the OpenAPI document: ``access`` refuses a call long before a route is chosen."""
