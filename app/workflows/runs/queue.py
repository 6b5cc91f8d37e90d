"""Runs that wait until their family has no active one."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine
from app.store.runs import overlap
from app.store.tables.runs import Run
from app.workflows.contract.cron import Overlap
from app.workflows.messages import ProcessMessage
from app.workflows.registry.bound_family import BoundFamily


async def begin_next(tx: AsyncConnection, engine: Engine, family: str) -> str | None:
    """Begin the oldest waiting run of a family that has no active one. Returns its id."""
    taken = await overlap.take_next(tx, family)
    if taken is None:
        return None
    run_id, priority = taken
    await engine.publish(tx, [ProcessMessage(run=run_id).outgoing(family, priority)])
    return run_id


async def begin_next_in_line(
    engine: Engine, families: Mapping[str, BoundFamily], tx: AsyncConnection, run: Run
) -> None:
    """Begin the family's next waiting run, now that one has ended, if that is its overlap
    policy."""
    bound = families.get(run.family)
    if bound is not None and bound.family.overlap is Overlap.QUEUE:
        await begin_next(tx, engine, run.family)
