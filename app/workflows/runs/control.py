"""What an operator may do with a run: pause it, let it go on, approve it, cancel it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import Conflict, InvalidTransition
from app.store.monitoring import audit
from app.store.runs import runs, transitions
from app.store.statuses import PauseReason, RunStatus
from app.store.tables.base import Json
from app.store.tables.runs import Run
from app.workflows.contract.run_options import RunOptions
from app.workflows.registry.family_call import told
from app.workflows.runs.approval import waits_for_approval
from app.workflows.runs.expectation import in_usd
from app.workflows.runs.pause_policy import unreadable
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.serialization.params import KeptParams, ParamsRefused
from app.workflows.serialization.secret_box import SecretsLost

SWEEP_SECONDS = 8.0
"""How long a call to cancel may take; what is left then is the watchdog's."""

Check = Callable[[Run], None]


@dataclass(frozen=True, slots=True)
class RunControl:
    """Each method answers the run as it stands afterwards, and is safe to repeat.

    Raises:
        NotFound: there is no such run.
        InvalidTransition: it may not go there from where it stands.
    """

    database: AsyncEngine
    reconciler: RunReconciler

    async def pause(self, run_id: str, *, by: str, note: str | None = None) -> Run:
        """Let nothing more of the run start; what is in hand ends."""
        async with self.database.begin() as tx:
            await runs.lock(tx, run_id)  # a call that does the same meanwhile is seen
            run = await runs.get(tx, run_id)
            detail = f"Paused by {by}."
            if run.status == RunStatus.PAUSED or await transitions.pause(
                tx, run_id, PauseReason.OPERATOR, detail, who=by, note=note
            ):
                return await runs.get(tx, run_id)
            await transitions.require(tx, run_id, RunStatus.PAUSED)
            return run

    async def resume(
        self,
        run_id: str,
        *,
        by: str,
        options: RunOptions | None = None,
        check: Check | None = None,
        note: str | None = None,
    ) -> Run:
        """Let a paused run go on where it stopped.

        Args:
            options: to be in force from now on, in place of the run's.
            check: raises to refuse; given the run as it stands, and nobody changes it meanwhile.

        Raises:
            Conflict: its budget is spent, or its family does not take its params or its entity.
        """
        found = await self._get(run_id)
        if found.status == RunStatus.PAUSED:
            self._require_readable(found)  # by the author's code: before the row is locked
        async with self.database.begin() as tx:
            await runs.lock(tx, run_id)
            run = await runs.get(tx, run_id)
            if check is not None:
                check(run)
            if run.status == RunStatus.PAUSED:
                _require_budget(run, options or RunOptions.model_validate(run.options))
            elif run.status not in (RunStatus.PENDING, RunStatus.RUNNING):
                await transitions.require(tx, run_id, RunStatus.RUNNING)
            resumed = await transitions.resume(
                tx,
                run_id,
                who=by,
                options=None if options is None else options.stored(),
                data=_resumed(run, None if options is None else options.stored()),
                note=note,
            )
        if resumed:
            # In transactions of their own, after the status is committed: see Parking.
            await self.reconciler.republish_missing(run_id)
        return await self._get(run_id)

    async def approve(self, run_id: str, *, by: str, note: str | None = None) -> Run:
        """Let a run that waits for approval go on. If several calls come at once, one of them
        approves.

        Raises:
            Conflict: it does not wait for an approval.
        """
        return await self.resume(run_id, by=by, check=_require_waiting, note=note)

    async def cancel(self, run_id: str, *, by: str, note: str | None = None) -> Run:
        """End pending items at once, and those in hand when they end."""
        async with self.database.begin() as tx:
            await runs.lock(tx, run_id)  # as in ``pause``
            run = await runs.get(tx, run_id)
            if run.status == RunStatus.CANCELLED:
                return run
            if run.status != RunStatus.CANCELLING and not await transitions.cancel(
                tx, run_id, who=by, note=note
            ):
                await transitions.require(tx, run_id, RunStatus.CANCELLING)
        until = time.monotonic() + SWEEP_SECONDS
        await self.reconciler.sweep(run_id, seconds=SWEEP_SECONDS)
        async with self.database.connect() as connection:
            # A finish that cancelled runs have as well is not ended by what it may have begun with.
            bound = self.reconciler.families.get(run.family)
            finish = bound is None or not bound.family.finish_cancelled
            children = await runs.active_children(connection, run_id, finish=finish)
        for child in children:
            if time.monotonic() > until:
                break  # they end by themselves, and tell nobody
            with suppress(InvalidTransition):  # it has ended meanwhile
                await self.cancel(child, by=by, note=note)
        return await self._get(run_id)

    def _require_readable(self, run: Run) -> None:
        bound = self.reconciler.families.get(run.family)
        if bound is None:
            return
        try:
            with told(bound.name, "params"):  # the author's own validators
                bound.params.read(KeptParams(run.params, run.sealed, run.params_version))
            with told(bound.name, "entity"):
                bound.read_entity(run.entity, run.entity_sealed)
        except (ParamsRefused, SecretsLost) as error:
            raise Conflict(
                f"Run {run.id} would pause again. {unreadable(error).detail}",
                more={"runStatus": run.status},
            ) from error

    async def _get(self, run_id: str) -> Run:
        async with self.database.connect() as connection:
            return await runs.get(connection, run_id)


def _require_waiting(run: Run) -> None:
    if not waits_for_approval(run):
        raise Conflict(
            f"Run {run.id} does not wait for an approval: it is {run.status}.",
            more={"runStatus": run.status},
        )


def _resumed(run: Run, options: Json | None) -> Json:
    """What it had paused for, and which of its options are others from now on."""
    told: Json = {"pausedFor": run.reason}
    if options is None or options == run.options:
        return told
    every = dict.fromkeys((*run.options, *options))
    before, after = audit.changed({**every, **run.options}, {**every, **options})
    return told | {"before": before, "after": after}


def _require_budget(run: Run, options: RunOptions) -> None:
    budget = options.budget
    if budget is None:
        return
    if (budget.usd is not None and run.spent_usd >= budget.usd) or (
        budget.tokens is not None and run.spent_tokens >= budget.tokens
    ):
        raise Conflict(
            f"Run {run.id} has spent its budget ({in_usd(run.spent_usd)},"
            f" {run.spent_tokens:,} tokens). Resume it with a larger one: budget.",
            field="budget",
        )
