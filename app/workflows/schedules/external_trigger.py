"""A start by somebody else's clock: a moment starts one run, and an active run is no error."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import Conflict
from app.store.runs import idempotency
from app.store.runs.idempotency import IdempotentCall
from app.workflows.client import RunRequest, WorkflowClient
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.start import StartedRun


async def trigger_once(
    client: WorkflowClient,
    database: AsyncEngine,
    bound: BoundFamily,
    request: RunRequest,
    *,
    started_by: str,
    once: IdempotentCall,
) -> StartedRun:
    """
    Raises:
        BadInput: the idempotency key was used for another call.
    """
    try:
        # A clock does not read what it is told: the run itself tells that it could not begin.
        return await client.trigger_process(
            bound, request, started_by=started_by, once=once, ready=False
        )
    except Conflict as refused:
        active = refused.more.get("activeRunId")
        if not isinstance(active, str):
            raise
        async with database.begin() as tx:
            # The moment is used up: a call that comes twice must not start a run the second time,
            # only because the active one has ended in between.
            known = await idempotency.claim(tx, once, active, skipped=True)
        return StartedRun(known.run_id, replayed=known.replayed, skipped=known.skipped)
