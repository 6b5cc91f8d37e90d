"""What every route is given, and the shapes that they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.admission.call_limits import CallLimits
from app.api.admission.concurrency import ConcurrencyLimit
from app.api.admission.disconnect import while_connected
from app.api.auth.scopes import Principal
from app.api.metrics.page import MetricsPage
from app.api.qstash.qstash_calls import QStashCalls
from app.api.traces.run_traces import RunTraces
from app.connections.faults import Fault
from app.engine import Engine
from app.flow.history import FlowHistory
from app.redaction.redactor import Redactor
from app.schemas.base import WHY, Note, Noted
from app.services.file_store import FileStore
from app.store.run_notifications import RunNotifications
from app.workflows.backfills.service import BackfillService
from app.workflows.client import WorkflowClient
from app.workflows.deferred.desk import BatchDesk
from app.workflows.events.desk import EventDesk
from app.workflows.finish.finisher import Finisher
from app.workflows.monitoring.coverage import CoverageSurvey
from app.workflows.monitoring.flow_limits import FlowLimitService
from app.workflows.monitoring.items_at_work import WorkBoard
from app.workflows.monitoring.partition_limits import PartitionLimits
from app.workflows.notifications.service import NotificationService
from app.workflows.previews import PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_files import FamilyFiles
from app.workflows.runs.control import RunControl
from app.workflows.schedules.service import ScheduleService
from app.workflows.serialization.secret_box import SecretBox
from app.workflows.signatures import Signer
from app.workflows.steps.answer_links import AnswerLinks
from app.workflows.steps.answers import AnswerService
from app.workflows.throttles.looks import ThrottleLooks

MOST_ROWS = 200
LONGEST_CURSOR = 4_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class ApiState:
    """Made by ``bootstrap`` when the service opens."""

    client: WorkflowClient
    control: RunControl
    finisher: Finisher
    changes: RunNotifications
    flow: FlowLimitService
    partitions: PartitionLimits
    throttles: ThrottleLooks
    flow_history: FlowHistory
    at_work: WorkBoard
    database: AsyncEngine
    families: Mapping[str, BoundFamily]
    cursors: Signer
    answering: AnswerService
    links: AnswerLinks
    engine: Engine
    files: FileStore
    backfills: BackfillService
    coverage: CoverageSurvey
    schedules: ScheduleService
    notifications: NotificationService
    events: EventDesk
    batches: BatchDesk
    family_files: FamilyFiles
    secrets: SecretBox
    previews: PreviewService
    limits: CallLimits
    qstash: QStashCalls | None
    """None: QStash does not call this service."""
    probes: Mapping[str, Callable[[], Awaitable[object]]]
    """By name, what ``/readyz`` tries."""
    metrics: MetricsPage | None = None
    """None: nobody may scrape."""
    traces: RunTraces = field(default_factory=RunTraces)
    redactor: Redactor = field(default_factory=Redactor)
    faults: dict[str, Fault] = field(default_factory=dict)
    """By name, what ``/readyz`` found wrong the last time."""


def _state(request: Request) -> ApiState:
    return cast("ApiState", request.app.state.api)


def _caller(request: Request) -> str:
    """The name of the caller's token, which ``access`` has checked."""
    return _principal(request).token


def _principal(request: Request) -> Principal:
    return cast("Principal", request.scope["sluice.principal"])


class _LongCall:
    """For work that takes long: it waits for a place among its like, in place of that at the door,
    so that the token's other calls are answered; and it ends when its caller leaves."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def counting(self) -> AbstractAsyncContextManager[None]:
        """
        Raises:
            TooManyTries: none became free in time.
            ClientDisconnect: the caller has left.
        """
        return self._within(_state(self._request).limits.counts)

    def previewing(self) -> AbstractAsyncContextManager[None]:
        """
        Raises:
            TooManyTries, ClientDisconnect: see ``counting``.
        """
        return self._within(_state(self._request).limits.previews)

    def waiting(self) -> AbstractAsyncContextManager[None]:
        """
        Raises:
            TooManyTries, ClientDisconnect: see ``counting``.
        """
        return self._within(_state(self._request).limits.waits)

    @asynccontextmanager
    async def _within(self, limit: ConcurrencyLimit) -> AsyncIterator[None]:
        await cast("AsyncExitStack", self._request.scope["sluice.place"]).aclose()
        async with while_connected(self._request), limit.place(_caller(self._request)):
            yield


def _note(body: Noted | None = None) -> str | None:
    return None if body is None else body.note


def _stopping(request: Request) -> asyncio.Event:
    return cast("asyncio.Event", request.app.state.stopping)


State = Annotated[ApiState, Depends(_state)]
Stopping = Annotated[asyncio.Event, Depends(_stopping)]
"""Set when the server begins to stop: answers without an end must end then."""
Caller = Annotated[str, Depends(_caller)]
Allowed = Annotated[Principal, Depends(_principal)]
"""For the routes that ``app.api.auth.scopes`` lets ask once more."""
LongCall = Annotated[_LongCall, Depends()]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="how many to answer at most")]
Cursor = Annotated[
    str | None, Query(max_length=LONGEST_CURSOR, description="`nextCursor` of the answer before")
]
NoteInBody = Annotated[str | None, Depends(_note)]
"""Of a call that takes nothing else in its body."""
NoteInQuery = Annotated[Note | None, Query(description=WHY)]
"""Of a DELETE: what a body of one means is not defined, and proxies drop or refuse it."""
RunIdInPath = Annotated[str, Path(max_length=100)]
bearer = HTTPBearer(auto_error=False, description="One of SLUICE_TOKENS, with the scope.")
"""Only for the OpenAPI document: ``access`` refuses a call long before a route is chosen."""
