"""A worker's view of the runs it works on: at most one query per run and half second, and word at
once when one of them stops."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.config.priorities import ORDINARY
from app.connections.faults import Fault
from app.connections.shared_tasks import shared_task
from app.store.database import reading
from app.store.run_notifications import RunNotifications
from app.store.runs import runs
from app.store.statuses import ENDED, RunStatus
from app.store.steps.steps import ItemId
from app.store.tables.runs import Run
from app.workflows.contract.run_options import RunOptions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.serialization.params import KeptParams, ParamsRefused, Unreadable
from app.workflows.serialization.secret_box import SecretsLost

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.run_trace import RunTrace

FRESH_SECONDS = 0.5
MOST_RUNS = 1_000
STOPPED = ENDED | {RunStatus.CANCELLING}
"""Nothing of such a run is begun any more."""

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class CachedRun:
    """A run as it stood at most half a second ago, with its params parsed, or why they, or its
    entity, cannot be: one that is paused or cancelled needs none.

    ``origin``: the first run of its chain of retries. Asked for with every item, as ``finish_of``
    is: a row's columns take several times as long to answer. ``attempts``: of each of its items;
    None: as its family says. ``share``: how many of its items may be at work at once by its ramp;
    None: no ramp bounds it. ``entity``: what its caller handed over; None: its items are loaded.
    ``params_key``: of the params by which its family tells remembered results apart. ``trace``:
    None: it is not traced. ``priority``: as the run has it now. ``parent``: the item whose step
    waits for the run's; None: it is nobody's child.
    """

    run: Run
    status: RunStatus
    read: BaseModel | Unreadable
    origin: str
    finish_of: str | None
    share: int | None = None
    attempts: int | None = None
    entity: BaseModel | None = None
    params_key: str = ""
    trace: RunTrace | None = None
    priority: int = ORDINARY
    parent: ItemId | None = None

    @property
    def params(self) -> BaseModel:
        """
        Raises:
            ParamsRefused: the family takes them, or the entity, no more.
            SecretsLost: the key is not here with which they were encrypted.
        """
        if isinstance(self.read, Unreadable):
            # Without what each raise of the same one would add to its traceback.
            raise self.read.with_traceback(None)
        return self.read


class RunCache:
    """Thousands of items ask for the same run each second; one query answers them all."""

    def __init__(
        self, database: AsyncEngine, families: Mapping[str, BoundFamily], changes: RunNotifications
    ) -> None:
        self._database = database
        self._families = families
        self._changes = changes
        self._views: dict[str, tuple[float, asyncio.Task[CachedRun | None]]] = {}
        self._coming: dict[str, tuple[float, asyncio.Task[CachedRun | None]]] = {}
        self._last: dict[str, CachedRun] = {}
        self._waiting: defaultdict[str, set[asyncio.Timeout]] = defaultdict(set)
        self._fault = Fault(log, "run_not_read")
        self._heard = asyncio.Event()

    async def get(self, run_id: str) -> CachedRun | None:
        """The run as it was read last; None: it was deleted."""
        now = time.monotonic()
        coming = self._coming.get(run_id)
        if coming is not None and coming[1].done():
            del self._coming[run_id]
            if not coming[1].cancelled() and coming[1].exception() is None:
                self._views[run_id] = coming
        known = self._views.get(run_id)
        if known is None or now - known[0] > FRESH_SECONDS:
            if len(self._views) >= MOST_RUNS:
                self.changed(None)
            known = (now, shared_task(self._load(run_id)))
            self._views[run_id] = known
            self._coming.pop(run_id, None)
        elif now - known[0] > FRESH_SECONDS / 2 and run_id not in self._coming:
            # Asked ahead of time: items ask while they hold a slot, which must not stand empty.
            self._coming[run_id] = (now, shared_task(self._load(run_id)))
        if known[1].done():
            return known[1].result()
        try:
            # Shielded: one waiter's cancellation is not that of the others.
            return await asyncio.shield(known[1])
        except Exception:
            self._views.pop(run_id, None)
            raise

    def peek(self, run_id: str) -> CachedRun | None:
        """What was read last, however old, also while it is read anew: who asks for a bound by it
        must not find none. None: nothing was read yet, or the run has ended."""
        return self._last.get(run_id)

    def changed(self, run_id: str | None) -> None:
        """What is known of this run, or of all, is out of date."""
        if run_id is None:
            self._views.clear()
            self._coming.clear()
        else:
            self._views.pop(run_id, None)
            self._coming.pop(run_id, None)
        self._heard.set()

    def enter(self, run_id: str, wait: asyncio.Timeout) -> None:
        """``wait`` expires when the run stops running; until ``leave``."""
        self._waiting[run_id].add(wait)

    def leave(self, run_id: str, wait: asyncio.Timeout) -> None:
        waiting = self._waiting.get(run_id)
        if waiting is not None:
            waiting.discard(wait)
            if not waiting:
                del self._waiting[run_id]

    async def watch(self) -> None:
        """Send away who waits for a run that does not run, until cancelled."""
        with self._changes.heard_by(self.changed):
            while True:
                try:
                    async with asyncio.timeout(FRESH_SECONDS):
                        await self._heard.wait()
                except TimeoutError:
                    pass
                self._heard.clear()
                for run_id in list(self._waiting):
                    await self._look(run_id)

    async def _look(self, run_id: str) -> None:
        try:
            view = await self.get(run_id)
        except Exception as error:  # noqa: BLE001 - looked at again in half a second
            self._fault.seen(error, run=run_id)
            return
        self._fault.over()
        if view is None or view.status is not RunStatus.RUNNING:
            now = asyncio.get_running_loop().time()
            for wait in self._waiting.pop(run_id, ()):
                if not wait.expired():  # as when its turn was asked back just now
                    wait.reschedule(now)

    async def _load(self, run_id: str) -> CachedRun | None:
        view = await self._read(run_id)
        # Behind those that were read later, so that the first is the one to be forgotten.
        self._last.pop(run_id, None)
        if view is not None and view.status not in ENDED:
            while len(self._last) >= MOST_RUNS:
                del self._last[next(iter(self._last))]
            self._last[run_id] = view
        return view

    async def _read(self, run_id: str) -> CachedRun | None:
        async with reading(self._database) as connection:
            found = await runs.find_active(connection, run_id)
        if found is None or found[0].family not in self._families:
            return None
        run, active_seconds = found
        bound, entity, key = self._families[run.family], None, ""
        params: BaseModel | Unreadable
        try:
            params = bound.params.read(KeptParams(run.params, run.sealed, run.params_version))
            entity = bound.read_entity(run.entity, run.entity_sealed)
            key = bound.params_key(params)
        except (ParamsRefused, SecretsLost) as error:
            params = error
        options = RunOptions.model_validate(run.options)
        share = None if options.ramp is None else options.ramp.share(active_seconds)
        return CachedRun(
            run,
            RunStatus(run.status),
            params,
            run.origin or run.id,
            run.finish_of,
            share,
            options.attempts,
            entity,
            key,
            None if bound.tracing is None else bound.tracing.of_run(run),
            options.priority,
            run.parent,
        )
