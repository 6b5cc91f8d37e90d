"""The one way in which a run comes to be: its row, its first event and its first message are one
commit, under the family's overlap policy and the caller's idempotency key."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine
from app.errors import Conflict
from app.store import events, idempotency, overlaps, runs
from app.store.events import EventKind
from app.store.idempotency import Once
from app.store.lifecycle import RunStage
from app.store.tables import Json, Run
from app.workflows.bound import BoundFamily
from app.workflows.family import Overlap
from app.workflows.messages import ProcessMessage


@dataclass(frozen=True, slots=True)
class Started:
    """``replayed``: an earlier call with the same key had started it."""

    run_id: str
    replayed: bool = False


async def start(
    tx: AsyncConnection,
    engine: Engine,
    bound: BoundFamily,
    run: Run,
    once: Once | None = None,
    *,
    why: Json | None = None,
) -> Started:
    """
    Args:
        why: for its first event, beside who started it.

    Raises:
        Conflict: the family has an active run, and refuses another beside it.
        BadInput: the idempotency key was used for another call.
    """
    if once is not None:
        known = await idempotency.claim(tx, once, run.id)
        if known != run.id:
            return Started(known, replayed=True)
    if run.retry_of is not None:
        # Before the family, as the end of a run does.
        await runs.lock(tx, run.retry_of)
    # A backfill says by itself how many of its runs may be active.
    ahead = None if run.backfill_id is not None else await _ahead(tx, bound)
    if ahead is not None:
        run.stage = RunStage.WAITING
    await runs.insert_run(tx, run)
    await events.append(tx, run.id, EventKind.CREATED, who=run.started_by, data=why)
    if run.retry_of is not None:
        data = {"runId": run.id}
        await events.append(tx, run.retry_of, EventKind.RETRIED, who=run.started_by, data=data)
    if ahead is not None:
        await events.append(tx, run.id, EventKind.QUEUED, detail=f"Waits for {ahead}.")
    else:
        await engine.publish(tx, [ProcessMessage(run=run.id).outgoing(bound.name)])
    return Started(run.id)


async def _ahead(tx: AsyncConnection, bound: BoundFamily) -> str | None:
    """The run that must end first, if there is one."""
    if bound.family.overlap is Overlap.ALLOW:
        return None
    await overlaps.lock(tx, bound.name)
    active = await overlaps.active(tx, bound.name)
    if active is None:
        return None
    if bound.family.overlap is Overlap.QUEUE:
        return active.run_id
    raise Conflict(
        f"{bound.name} has an active run, {active.run_id}, which is {active.status}. Wait for its"
        " end, cancel it, or let the family say overlap = Overlap.QUEUE or ALLOW.",
        more={"activeRunId": active.run_id},
    )
