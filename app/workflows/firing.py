"""A start by somebody else's clock: a moment starts one run, and an active run is no error."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import Conflict
from app.store import idempotency
from app.store.idempotency import Once
from app.workflows.bound import BoundFamily
from app.workflows.client import ProcessRequest, WorkflowClient
from app.workflows.starting import Started


@dataclass(frozen=True, slots=True)
class Fired(Started):
    """``skipped``: nothing was started, because this run of the family has not ended."""

    skipped: bool = False


async def fire(
    client: WorkflowClient,
    database: AsyncEngine,
    bound: BoundFamily,
    request: ProcessRequest,
    *,
    started_by: str,
    once: Once,
) -> Fired:
    """
    Raises:
        BadInput: the idempotency key was used for another call.
    """
    try:
        started = await client.trigger_process(bound, request, started_by=started_by, once=once)
    except Conflict as refused:
        active = refused.more.get("activeRunId")
        if not isinstance(active, str):
            raise
        async with database.begin() as tx:
            # The moment is used up: a call that comes twice must not start a run the second time,
            # only because the active one has ended in between.
            known = await idempotency.claim(tx, once, active)
        return Fired(known, skipped=True)
    return Fired(started.run_id, replayed=started.replayed)
