"""A worker's view of the runs it works on: at most one query per run and half second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store import runs
from app.store.database import reading
from app.store.lifecycle import ENDED, RunStatus
from app.store.tables import Run
from app.workflows.bound import BoundFamily

FRESH_SECONDS = 0.5
MOST_RUNS = 1_000
STOPPED = ENDED | {RunStatus.CANCELLING}
"""Nothing of such a run is begun any more."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as it stood at most half a second ago, with its params parsed."""

    run: Run
    status: RunStatus
    params: BaseModel


class RunCache:
    """Thousands of items ask for the same run each second; one query answers them all."""

    def __init__(self, database: AsyncEngine, families: Mapping[str, BoundFamily]) -> None:
        self._database = database
        self._families = families
        self._views: dict[str, tuple[float, asyncio.Task[RunView | None]]] = {}

    async def get(self, run_id: str) -> RunView | None:
        """None: the run is gone."""
        now = time.monotonic()
        known = self._views.get(run_id)
        if known is None or now - known[0] > FRESH_SECONDS:
            if len(self._views) >= MOST_RUNS:
                self._views.clear()
            known = (now, asyncio.create_task(self._load(run_id)))
            self._views[run_id] = known
        if known[1].done():
            return known[1].result()
        try:
            # Shielded: one waiter's cancellation is not that of the others.
            return await asyncio.shield(known[1])
        except Exception:
            self._views.pop(run_id, None)
            raise

    async def _load(self, run_id: str) -> RunView | None:
        async with reading(self._database) as connection:
            run = await runs.find(connection, run_id)
        if run is None or run.family not in self._families:
            return None
        params = self._families[run.family].family.params.model_validate(run.params)
        return RunView(run, RunStatus(run.status), params)
