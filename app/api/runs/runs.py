"""Looking at runs and their items."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.dependencies import Cursor, Limit, RunIdInPath, State, bearer
from app.api.pagination import Paging
from app.api.routing import Router
from app.errors import BadInput
from app.schemas.base import Moment
from app.schemas.items import ItemsAnswer, ItemView
from app.schemas.runs import FinishView, RunAnswer, RunsAnswer, RunView
from app.store.database import reading
from app.store.items import items
from app.store.runs import runs
from app.store.statuses import ItemStatus, RunStage, RunStatus
from app.workflows.finish.finisher import ITEM as FINISH_ITEM

LARGE = 10_000
"""Bytes of a result, as JSON, that a list leaves out."""
LARGEST = 2**31 - 1
"""More than any result has."""
MOST = 20_000_000
"""Bytes of all results of one list."""

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


@router.get("")
async def list_runs(
    state: State,
    family: Annotated[str | None, Query(max_length=100)] = None,
    status: RunStatus | None = None,
    started_by: Annotated[str | None, Query(alias="startedBy", max_length=100)] = None,
    retry_of: Annotated[str | None, Query(alias="retryOf", max_length=100)] = None,
    parent: Annotated[
        str | None, Query(max_length=100, description="its children; else runs of their own only")
    ] = None,
    follows: Annotated[
        str | None, Query(max_length=100, description="those that began by it, or by a step of it")
    ] = None,
    backfill: Annotated[str | None, Query(max_length=100, description="those of this one")] = None,
    since: Annotated[
        Moment | None, Query(alias="from", description="created then or later")
    ] = None,
    until: Annotated[Moment | None, Query(alias="to", description="and before this")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RunsAnswer:
    """Runs, the newest first."""
    if since is not None and until is not None and until <= since:
        raise BadInput("`to` must be later than `from`: no run lies between them.", field="to")
    paging = Paging(state.cursors, "runs", limit, cursor)
    async with reading(state.database) as connection:
        found = await runs.page_of_runs(
            connection,
            family=family,
            status=status,
            started_by=started_by,
            retry_of=retry_of,
            parent=parent,
            follows=follows,
            backfill=backfill,
            since=since,
            until=until,
            before_id=paging.after,
            limit=paging.wanted,
        )
        held = await state.throttles.held(connection, (run.family for run in found))
    page = paging.page_of(found, lambda run: run.id)
    return RunsAnswer(
        runs=[RunView.of(run, state.cursors, held) for run in page.rows],
        next_cursor=page.next_cursor,
    )


@router.get("/{run_id}")
async def get_run(run_id: RunIdInPath, state: State) -> RunAnswer:
    async with reading(state.database) as connection:
        run = await runs.get(connection, run_id)
        held = await state.throttles.held(connection, [run.family])
        bound = state.families.get(run.family)
        finish = None
        # Not while its items are at work: it has none yet, and perhaps very many children.
        may_have = run.stage == RunStage.FINISHING or run.finished_at is not None
        if may_have and bound is not None and bound.finish is not None:
            finish = await _finish(connection, run_id)
    return RunAnswer(
        run=RunView.of(run, state.cursors, held), finish=finish, trace=state.traces.of_run(run)
    )


async def _finish(tx: AsyncConnection, run_id: str) -> FinishView | None:
    finish = await runs.last_finish(tx, run_id)
    if finish is None:
        return None
    return FinishView.of(finish, await items.find(tx, finish.id, FINISH_ITEM))


@router.get("/{run_id}/items")
async def list_items(
    run_id: RunIdInPath,
    state: State,
    status: ItemStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    large_results: Annotated[
        bool,
        Query(alias="largeResults", description=f"also results of more than {LARGE:,} bytes"),
    ] = False,
) -> ItemsAnswer:
    """The run's items, by id. A result of more than 10,000 bytes is left out unless it is asked
    for; so is one that would make the list larger than 20,000,000. `resultOmitted` says so, and the
    route of the single item has it."""
    paging = Paging(state.cursors, f"items:{run_id}", limit, cursor)
    async with reading(state.database) as connection:
        await runs.get(connection, run_id)
        found = await items.listed(
            connection,
            run_id,
            status=status,
            after_id=paging.after,
            limit=paging.wanted,
            largest=LARGEST if large_results else LARGE,
            most=MOST,
        )
    page = paging.page_of(found, lambda one: one.item.item_id)
    return ItemsAnswer(
        items=[ItemView.of(one.item, omitted=one.omitted) for one in page.rows],
        next_cursor=page.next_cursor,
    )
