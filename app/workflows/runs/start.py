"""The one way in which a run comes to be: its row, its first event and its first message are one
commit, under the family's overlap policy and the caller's idempotency key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine, OutgoingMessage
from app.errors import Conflict
from app.store.items import item_lists, pages
from app.store.runs import events, idempotency, overlap, runs, transitions
from app.store.runs.idempotency import IdempotentCall
from app.store.runs.runs import Statistics
from app.store.statuses import EventKind, RunStage
from app.store.tables.base import Json
from app.store.tables.runs import Run
from app.workflows.contract.cron import Overlap
from app.workflows.messages import ExecuteMessage, ProcessMessage
from app.workflows.registry.bound_family import BoundFamily


@dataclass(frozen=True, slots=True)
class StartedRun:
    """``replayed``: an earlier call with the same key had the same answer; ``skipped``: nothing was
    started, because this run of the family was active."""

    run_id: str
    replayed: bool = False
    skipped: bool = False


async def start_run(
    tx: AsyncConnection,
    engine: Engine,
    bound: BoundFamily,
    run: Run,
    once: IdempotentCall | None = None,
    *,
    why: Json | None = None,
    note: str | None = None,
) -> StartedRun:
    """
    Args:
        why: for its first event, beside who started it.
        note: likewise, in words.

    Raises:
        Conflict: the family has an active run, and refuses another beside it.
        BadInput: the idempotency key was used for another call.
        NotFound: the run's list of ids is not there.
    """
    with traced(bound, run):
        return await _start(tx, engine, bound, run, once, why=why, note=note)


async def _start(
    tx: AsyncConnection,
    engine: Engine,
    bound: BoundFamily,
    run: Run,
    once: IdempotentCall | None,
    *,
    why: Json | None,
    note: str | None,
) -> StartedRun:
    if once is not None:
        known = await idempotency.claim(tx, once, run.id)
        if known.replayed:
            return StartedRun(known.run_id, replayed=True, skipped=known.skipped)
    if run.retry_of is not None:
        # Before the family, as the end of a run does.
        await runs.lock(tx, run.retry_of)
    # A backfill says by itself how many of its runs may be active; and an entity that is handed
    # over is no item of any other run.
    alone = run.backfill_id is not None or run.entity is not None
    ahead = None if alone else await _ahead(tx, bound)
    if ahead is not None:
        run.stage = RunStage.WAITING
    await runs.insert_run(tx, run)
    if run.item_list is not None:
        await item_lists.freeze(tx, run.item_list, run.id)
    await events.append(tx, run.id, EventKind.CREATED, who=run.started_by, data=why, note=note)
    if run.retry_of is not None:
        data = {"runId": run.id}
        await events.append(
            tx, run.retry_of, EventKind.RETRIED, who=run.started_by, data=data, note=note
        )
    if ahead is not None:
        await events.append(tx, run.id, EventKind.QUEUED, detail=f"Waits for {ahead}.")
    else:
        await engine.publish(tx, [ProcessMessage(run=run.id).outgoing(bound.name, run.priority)])
    return StartedRun(run.id)


async def start_item(
    tx: AsyncConnection, run: Run, item_id: str, *, look_ahead: int
) -> OutgoingMessage:
    """A run of one item, which begins at once, beside whatever the family's overlap policy says.

    Returns:
        The message that the caller publishes, unless the run is to wait.
    """
    await runs.insert_run(tx, run)
    await events.append(tx, run.id, EventKind.CREATED, who=run.started_by)
    await transitions.begin(tx, run.id, Statistics(1, 1, 0))
    await pages.advance(
        tx,
        run.id,
        cursor=None,
        item_ids=[item_id],
        next_cursor=None,
        last=True,
        look_ahead=look_ahead,
    )
    return ExecuteMessage(run=run.id, items=(item_id,)).outgoing(run.family, run.priority)


@contextmanager
def traced(bound: BoundFamily, run: Run, *, above: str | None = None) -> Iterator[None]:
    """Around a run's start: what is done for it from now on is one trace.

    Args:
        above: the ``traceparent`` of the run that it finishes.
    """
    if bound.tracing is None:
        yield
        return
    is_part = run.parent_run is not None
    with bound.tracing.started(bound.name, run.id, is_part=is_part, above=above) as told:
        run.traceparent = told
        yield


async def _ahead(tx: AsyncConnection, bound: BoundFamily) -> str | None:
    """The run that must end first, if there is one."""
    if bound.family.overlap is Overlap.ALLOW:
        return None
    await overlap.lock(tx, bound.name)
    active = await overlap.active(tx, bound.name)
    if active is None:
        return None
    if bound.family.overlap is Overlap.QUEUE:
        return active.run_id
    raise Conflict(
        f"{bound.name} has an active run, {active.run_id}, which is {active.status}. Wait for its"
        " end, cancel it, or let the family say overlap = Overlap.QUEUE or ALLOW.",
        more={"activeRunId": active.run_id},
    )
