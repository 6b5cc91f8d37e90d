"""Who did what, when and why."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response

from app.api.dependencies import ApiState, Cursor, Limit, State, bearer
from app.api.pagination import Paging
from app.api.routing import Router
from app.api.streamed_file import StreamedFile
from app.errors import BadInput
from app.schemas.audit import COLUMNS, AuditAnswer, AuditEntryView, cells
from app.schemas.base import Moment
from app.spreadsheet.csv_lines import MEDIA_TYPE as CSV
from app.spreadsheet.csv_lines import csv_lines
from app.store.database import reading
from app.store.monitoring import audit
from app.store.monitoring.audit import AuditEntry, AuditFilter, AuditPosition
from app.store.monitoring.audit_actions import AuditAction, AuditSubject

MOST_ROWS = 50_000
"""Of one CSV."""
BATCH = 500

router = Router(prefix="/api/audit", tags=["audit"], dependencies=[Depends(bearer)])


@router.get(
    "",
    response_model=AuditAnswer,
    responses={
        200: {
            "description": "A list; with Accept: text/csv, or `format=csv`, one file",
            "content": {CSV: {"schema": {"type": "string"}}},
        }
    },
)
async def list_audit(
    request: Request,
    state: State,
    subject: AuditSubject | None = None,
    name: Annotated[str | None, Query(max_length=200, description="a flow key, or an id")] = None,
    who: Annotated[str | None, Query(max_length=200, description="a token's name")] = None,
    action: AuditAction | None = None,
    since: Annotated[Moment | None, Query(alias="from", description="then or later")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="and before this")] = None,
    format: Annotated[  # noqa: A002 - its name in the query
        Literal["json", "csv"] | None, Query(description="null: as Accept says")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AuditAnswer | Response:
    """What was done to runs, backfills, flow keys, schedules and targets of notifications, the
    newest first. As CSV it is all of it, up to 50,000 rows, whatever `limit` says; for older rows,
    set `to`."""
    if since is not None and until is not None and until <= since:
        raise BadInput("`to` must be later than `from`: nothing lies between them.", field="to")
    asked = AuditFilter(subject, name, who, action, since, until)
    paging = Paging(state.cursors, "audit", limit, cursor)
    behind = _position(paging.after)
    if format == "csv" or (format is None and CSV in request.headers.get("accept", "").lower()):
        return StreamedFile(_csv(state, asked, behind), "audit.csv", CSV)
    async with reading(state.database) as connection:
        found = await audit.page_of_audit(connection, asked, behind=behind, limit=paging.wanted)
    page = paging.page_of(found, _told)
    return AuditAnswer(
        entries=[AuditEntryView.of(entry) for entry in page.rows], next_cursor=page.next_cursor
    )


async def _csv(
    state: ApiState, asked: AuditFilter, behind: AuditPosition | None
) -> AsyncGenerator[str, None]:
    """A few rows at a time, with no connection in hand while its reader is slow."""
    yield csv_lines([COLUMNS])
    async with aclosing(_batches(state, asked, behind)) as batches:
        async for found in batches:
            yield csv_lines(cells(AuditEntryView.of(entry)) for entry in found)


async def _batches(
    state: ApiState, asked: AuditFilter, behind: AuditPosition | None
) -> AsyncGenerator[list[AuditEntry], None]:
    for _ in range(MOST_ROWS // BATCH):
        async with reading(state.database) as connection:
            found = await audit.page_of_audit(connection, asked, behind=behind, limit=BATCH)
        if found:
            yield found
            behind = found[-1].position
        if len(found) < BATCH:
            return


def _told(entry: AuditEntry) -> str:
    place = entry.position
    return json.dumps([place.at.isoformat(), place.source, place.id])


def _position(told: str | None) -> AuditPosition | None:
    if told is None:
        return None
    at, source, number = json.loads(told)  # as it was signed
    return AuditPosition(datetime.fromisoformat(at), source, number)
