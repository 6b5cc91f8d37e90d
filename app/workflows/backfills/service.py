"""What may be asked of backfills: what one would do, to begin, to pause, to go on, to end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.errors import Conflict, InvalidTransition, NotFound
from app.store.database import reading
from app.store.monitoring import audit
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.store.planning import backfills
from app.store.runs import idempotency
from app.store.runs.idempotency import IdempotentCall
from app.store.statuses import BackfillStatus
from app.store.tables.backfills import Backfill, BackfillPartition
from app.workflows.backfills.advance import advance_backfill
from app.workflows.backfills.plan import BackfillPlan, BackfillRequest, plan
from app.workflows.client import RunRequest, WorkflowClient
from app.workflows.contract.run_options import options_of
from app.workflows.keys import new_id
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.control import RunControl

SWEEP_SECONDS = 8.0
"""How long a call to cancel may take for the runs; they end by themselves afterwards."""
STATUSES_OF_LIFE = (BackfillStatus.RUNNING, BackfillStatus.PAUSED)
_ACTIONS = {
    BackfillStatus.PAUSED: AuditAction.BACKFILL_PAUSED,
    BackfillStatus.RUNNING: AuditAction.BACKFILL_RESUMED,
}


@dataclass(frozen=True, slots=True)
class BackfillDryRun:
    """``total_eligible``, ``to_process``: over all partitions; None: it cannot be told. Not
    ``exact``: extrapolated from the first ``counted`` partitions, or from parts of them."""

    plan: BackfillPlan
    total_eligible: int | None
    to_process: int | None
    counted: int
    exact: bool


@dataclass(frozen=True, slots=True)
class BackfillStarted:
    backfill_id: str
    partitions: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BackfillService:
    """The methods that change a backfill answer it as it stands then, and are safe to repeat.

    Raises:
        NotFound: there is no such backfill.
        InvalidTransition: it has ended.
    """

    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]
    client: WorkflowClient
    runs: RunControl
    budget: float
    """Seconds for counting the items of a dry run."""

    async def dry_run(self, bound: BoundFamily, request: BackfillRequest) -> BackfillDryRun:
        async with reading(self.database) as connection:
            planned = await plan(connection, bound, request)
        deadline = time.monotonic() + self.budget
        eligible = todo = counted = 0
        exact = True
        for params in planned.runs.values():
            if counted and time.monotonic() > deadline:
                exact = False
                break
            found = await self.client.dry_run(
                bound,
                RunRequest(params=bound.params.read(params), force=request.force),
            )
            statistics = found.survey.statistics
            if statistics.total_eligible is None or statistics.to_process is None:
                return BackfillDryRun(planned, None, None, counted, exact=False)
            eligible += statistics.total_eligible
            todo += statistics.to_process
            exact = exact and statistics.exact
            counted += 1
        share = len(planned.runs) / counted if counted else 1.0
        return BackfillDryRun(planned, round(eligible * share), round(todo * share), counted, exact)

    async def begin(
        self,
        bound: BoundFamily,
        request: BackfillRequest,
        *,
        started_by: str,
        once: IdempotentCall | None = None,
    ) -> BackfillStarted:
        """Its row, its partitions and its first runs are one commit.

        Raises:
            BadInput: see ``plan``; or the idempotency key was used for another call.
            Conflict: the family has a backfill that has not ended.
        """
        backfill = Backfill(
            id=new_id("bf"),
            family=bound.name,
            from_at=request.since,
            to_at=request.until,
            mode=request.which,
            max_active=request.max_active,
            reverse=request.reverse,
            force=request.force,
            options=(request.options or options_of(bound.family, bulk=True)).stored(),
            started_by=started_by,
        )
        async with self.database.begin() as tx:
            if once is not None:
                known = await idempotency.claim(tx, once, backfill.id)
                if known.replayed:
                    counts = await backfills.counts(tx, [known.run_id])
                    number = sum(counts[known.run_id].values())
                    return BackfillStarted(known.run_id, number, replayed=True)
            planned = await plan(tx, bound, request)
            backfill.params, backfill.sealed = planned.params.json, planned.params.sealed
            backfill.params_version = bound.family.params_version
            partitions = [
                BackfillPartition(backfill_id=backfill.id, position=n, key=key, params=params.json)
                for n, (key, params) in enumerate(planned.runs.items())
            ]
            if not await backfills.add(tx, backfill, partitions):
                active = await backfills.active_of(tx, bound.name)
                raise Conflict(
                    f"{bound.name} has a backfill that has not ended, {active}. Wait for its end,"
                    " or cancel it.",
                    more={"activeBackfillId": active},
                )
            await _record(tx, AuditAction.BACKFILL_STARTED, backfill, started_by, None)
            await advance_backfill(tx, self.engine, self.families, backfill.id)
        return BackfillStarted(backfill.id, len(partitions))

    async def pause(self, backfill_id: str, *, by: str, note: str | None = None) -> Backfill:
        """No further partition begins; those that are active go on."""
        return await self._move(backfill_id, BackfillStatus.PAUSED, by, note)

    async def resume(self, backfill_id: str, *, by: str, note: str | None = None) -> Backfill:
        return await self._move(backfill_id, BackfillStatus.RUNNING, by, note)

    async def cancel(self, backfill_id: str, *, by: str, note: str | None = None) -> Backfill:
        """No further partition begins, and the runs of those that are active are cancelled."""
        async with self.database.begin() as tx:
            backfill = await backfills.get(tx, backfill_id, lock=True)
            if backfill.status == BackfillStatus.CANCELLED:
                return backfill
            if backfill.finished_at is not None:
                raise _ended(backfill)
            if backfill.status != BackfillStatus.CANCELLING:
                status = BackfillStatus.CANCELLING
                await _record(tx, AuditAction.BACKFILL_CANCELLED, backfill, by, note, status)
            await backfills.set_status(tx, backfill_id, BackfillStatus.CANCELLING)
            await backfills.cancel_waiting(tx, backfill_id)
            await advance_backfill(tx, self.engine, self.families, backfill_id)
            active = await backfills.active_runs(tx, backfill_id)
        # In transactions of their own: whoever ends a run holds it before the backfill.
        until = time.monotonic() + SWEEP_SECONDS
        for run_id in active:
            if time.monotonic() > until:
                break  # a repeated call goes on
            with suppress(InvalidTransition, NotFound):  # it has ended meanwhile
                await self.runs.cancel(run_id, by=by, note=note)
        return await self._get(backfill_id)

    async def _move(
        self, backfill_id: str, status: BackfillStatus, by: str, note: str | None
    ) -> Backfill:
        async with self.database.begin() as tx:
            backfill = await backfills.get(tx, backfill_id, lock=True)
            if backfill.status not in STATUSES_OF_LIFE:
                raise _ended(backfill)
            if backfill.status != status:
                await _record(tx, _ACTIONS[status], backfill, by, note, status)
            await backfills.set_status(tx, backfill_id, status)
            await advance_backfill(tx, self.engine, self.families, backfill_id)
        return await self._get(backfill_id)

    async def _get(self, backfill_id: str) -> Backfill:
        async with reading(self.database) as connection:
            return await backfills.get(connection, backfill_id)


async def _record(
    tx: AsyncConnection,
    action: AuditAction,
    backfill: Backfill,
    by: str,
    note: str | None,
    status: BackfillStatus | None = None,
) -> None:
    """``status``: that it gets; None: it is new, and its row, which stays, tells all of it."""
    before = None if status is None else {"status": backfill.status}
    after = None if status is None else {"status": status}
    subject, family = AuditSubject.BACKFILL, backfill.family
    await audit.record(
        tx, action, subject, backfill.id, who=by, before=before, after=after,
        family=family, note=note,
    )  # fmt: skip


def _ended(backfill: Backfill) -> InvalidTransition:
    return InvalidTransition(
        f"Backfill {backfill.id} is {backfill.status}, and does not go on.",
        more={"backfillStatus": backfill.status},
    )
