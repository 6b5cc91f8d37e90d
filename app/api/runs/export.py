"""A run's items, and those that failed, as files: CSV for a spreadsheet, NDJSON for programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse
from pydantic.alias_generators import to_camel
from pydantic_core import to_json

from app.api.dependencies import ApiState, RunIdInPath, State, Stopping, bearer
from app.api.routing import Router
from app.api.runs.failures import group_of
from app.api.streamed_file import FileCutOff, StreamedFile
from app.spreadsheet.csv_lines import MEDIA_TYPE as CSV
from app.spreadsheet.csv_lines import JsonText, csv_lines
from app.store.database import reading
from app.store.items import items
from app.store.items.exports import ExportedItem, page_of_export
from app.store.items.failures import FAILED, RetrySelection
from app.store.runs import runs
from app.store.statuses import ItemStatus
from app.workflows.failures.fingerprint import group_id

NDJSON = "application/x-ndjson"
FIRST_BATCH, BATCH = 50, 500
"""Items read together: a few at first, because nobody knows yet how large they are."""
MOST = 2_000_000
"""Bytes of results that are read together, unless one alone is larger."""

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])

Status = Annotated[ItemStatus | None, Query(description="null: any")]
FailedStatus = Annotated[Literal["failed", "timed_out"] | None, Query(description="null: both")]
ErrorClass = Annotated[str | None, Query(alias="errorClass", max_length=200)]
Group = Annotated[
    str | None, Query(max_length=100, description="of GET /api/runs/{run_id}/failures")
]


ITEMS = (
    *("item_id", "status", "attempts", "postponements", "result"),
    *("error_class", "error_message", "error_traceback"),
    *("scheduled_at", "started_at", "finished_at"),
)
FAILURES = (
    *("item_id", "status", "attempts", "error_class", "error_message", "error_traceback", "group"),
    *("scheduled_at", "started_at", "finished_at"),
)
"""Fields, in the order of the columns."""


@dataclass(frozen=True, slots=True)
class RunExport:
    """Items of a run by id, each at most once, whatever happens to the run meanwhile: those that
    had ended before it began are all there."""

    state: ApiState
    stopping: asyncio.Event
    run_id: str
    which: RetrySelection
    fields: Sequence[str]

    async def csv(self) -> AsyncGenerator[str, None]:
        yield csv_lines([map(to_camel, self.fields)])
        async with aclosing(self._batches()) as batches:
            async for batch in batches:
                yield csv_lines([_cell(item, name) for name in self.fields] for item in batch)

    async def ndjson(self) -> AsyncGenerator[str, None]:
        """The last line says that it is the last one, and how many came before it."""
        rows = 0
        # Once: to make a name takes longer than to write what it names.
        names = {to_camel(name): name for name in self.fields if name != "result"}
        async with aclosing(self._batches()) as batches:
            async for batch in batches:
                rows += len(batch)
                yield "".join(self._line(item, names) for item in batch)
        yield json.dumps({"complete": True, "rows": rows}) + "\n"

    def _line(self, item: ExportedItem, names: Mapping[str, str]) -> str:
        plain = {told: _of(item, name) for told, name in names.items()}
        line = to_json(plain).decode()
        if "result" in self.fields:  # as it is stored: it need not be read to be written
            line = f'{line[:-1]},"result":{item.result or "null"}}}'
        return line + "\n"

    async def _batches(self) -> AsyncGenerator[list[ExportedItem], None]:
        first: str | None = None
        after: str | None = None
        limit, last = FIRST_BATCH, False
        while not last:
            if self.stopping.is_set():
                raise FileCutOff("The service stops.")
            async with self.state.limits.looks, reading(self.state.database) as connection:
                batch, last = await page_of_export(
                    connection, self.run_id, self.which, after_id=after, limit=limit, most=MOST
                )
            if batch:
                first = first or batch[0].item_id
                after = batch[-1].item_id
                yield batch
            limit = min(BATCH, 2 * max(1, len(batch)))
        if first is not None:
            await self._require_kept(first)

    async def _require_kept(self, first: str) -> None:
        """What is old is deleted in the order of the ids: the first item goes first."""
        async with self.state.limits.looks, reading(self.state.database) as connection:
            if await items.find(connection, self.run_id, first) is None:
                raise FileCutOff("Items of the run were deleted meanwhile, because they are old.")


def _of(item: ExportedItem, name: str) -> object:
    if name == "group":
        return group_id(item.error_class or "", item.error_group or "")
    return getattr(item, name)


def _cell(item: ExportedItem, name: str) -> object:
    if name != "result" or item.result is None:
        return _of(item, name)
    return json.loads(item.result) if item.result.startswith('"') else JsonText(item.result)


def _answers(media_type: str) -> dict[str, Any]:  # as FastAPI declares it
    content = {media_type: {"schema": {"type": "string"}}}
    told = "A file, as it is made. Its connection is broken off where the rest cannot be had"
    return {
        "response_class": StreamingResponse,
        "responses": {200: {"description": told, "content": content}},
    }


@router.get("/{run_id}/items.csv", **_answers(CSV))
async def items_as_csv(
    run_id: RunIdInPath, state: State, stopping: Stopping, status: Status = None
) -> StreamedFile:
    """All items of the run, by id, however many there are; `status` chooses among them."""
    export = await _of_items(state, stopping, run_id, status)
    return StreamedFile(export.csv(), f"{export.run_id}-items.csv", CSV)


@router.get("/{run_id}/items.ndjson", **_answers(NDJSON))
async def items_as_ndjson(
    run_id: RunIdInPath, state: State, stopping: Stopping, status: Status = None
) -> StreamedFile:
    """All items, one to a line as the list has them. The last line is
    `{"complete": true, "rows": …}`: without it the file is incomplete."""
    export = await _of_items(state, stopping, run_id, status)
    return StreamedFile(export.ndjson(), f"{export.run_id}-items.ndjson", NDJSON)


@router.get("/{run_id}/failures.csv", **_answers(CSV))
async def failures_as_csv(
    run_id: RunIdInPath,
    state: State,
    stopping: Stopping,
    status: FailedStatus = None,
    error_class: ErrorClass = None,
    group: Group = None,
) -> StreamedFile:
    """Every item that failed or timed out, by id, with its error and its group."""
    export = await _of_failures(state, stopping, run_id, status, error_class, group)
    return StreamedFile(export.csv(), f"{export.run_id}-failures.csv", CSV)


@router.get("/{run_id}/failures.ndjson", **_answers(NDJSON))
async def failures_as_ndjson(
    run_id: RunIdInPath,
    state: State,
    stopping: Stopping,
    status: FailedStatus = None,
    error_class: ErrorClass = None,
    group: Group = None,
) -> StreamedFile:
    """Every item that failed or timed out, one to a line. The last line is
    `{"complete": true, "rows": …}`: without it the file is incomplete."""
    export = await _of_failures(state, stopping, run_id, status, error_class, group)
    return StreamedFile(export.ndjson(), f"{export.run_id}-failures.ndjson", NDJSON)


async def _of_items(
    state: ApiState, stopping: asyncio.Event, run_id: str, status: ItemStatus | None
) -> RunExport:
    statuses = tuple(ItemStatus) if status is None else (status,)
    return await _export(state, stopping, run_id, RetrySelection(statuses=statuses), ITEMS)


async def _of_failures(
    state: ApiState,
    stopping: asyncio.Event,
    run_id: str,
    status: str | None,
    error_class: str | None,
    group: str | None,
) -> RunExport:
    said = None
    if group is not None:
        chosen = await group_of(state, run_id, group, error_class)
        error_class, said = chosen.error_class, chosen.error_group
    statuses = FAILED if status is None else (ItemStatus(status),)
    which = RetrySelection(statuses=statuses, error_class=error_class, error_group=said)
    return await _export(state, stopping, run_id, which, FAILURES)


async def _export(
    state: ApiState,
    stopping: asyncio.Event,
    run_id: str,
    which: RetrySelection,
    fields: Sequence[str],
) -> RunExport:
    """
    Raises:
        NotFound: there is no such run.
    """
    async with reading(state.database) as connection:
        await runs.get(connection, run_id)
    return RunExport(state, stopping, run_id, which, fields)
