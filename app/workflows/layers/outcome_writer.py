"""Writing outcomes in batches: one transaction for the messages, the items and the counters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.driver import refusal
from app.engine import Engine
from app.metrics.meter import WorkMeter
from app.store.group_commit import GroupCommit
from app.store.items import items, result_memory
from app.store.items import outcomes as records
from app.store.items.outcomes import Recorded
from app.store.items.result_memory import by_place
from app.store.notifications.outbox import tell_suspended
from app.store.runs import counters, runs
from app.store.runs.counters import CounterDelta, RunProgress
from app.store.statuses import ItemStatus, PauseReason, RunStatus, StepKind
from app.store.steps import steps, suspension
from app.store.steps.suspension import WokenItem
from app.workflows.attempts.delivery_result import (
    DeliveryResult,
    cancelled,
    messages_of,
    unwritable,
)
from app.workflows.item_partitions import PartitionWindows
from app.workflows.runs.lifecycle import RunLifecycle

log = structlog.get_logger("sluice.run")


class OutcomeWriter:
    """Counts each outcome exactly once, however often its item was delivered.

    An outcome is written only where the item is still in the hands of the delivery that found it
    out, and the counters change by what was written, in the same transaction.

    Args:
        changed: told of each run whose status a commit has changed.
        meter: told of each commit; None: nobody asks.
    """

    def __init__(
        self,
        database: AsyncEngine,
        engine: Engine,
        lifecycle: RunLifecycle,
        *,
        look_ahead: int,
        changed: Callable[[str], None],
        windows: PartitionWindows,
        meter: WorkMeter | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._lifecycle = lifecycle
        self._look_ahead = look_ahead
        self._changed = changed
        self._windows = windows
        self._meter = meter
        self._group = GroupCommit(self._commit, _weight)

    async def write(self, ending: DeliveryResult) -> None:
        """Return when ``ending`` is committed, or was refused because the item is no longer in this
        delivery's hands.

        What Postgres does not take is written as a failure that says so.
        """
        try:
            await self._group.add(ending)
        except DBAPIError as error:
            said = refusal(error)
            if said is None:
                raise
            log.warning("outcome_unwritable", run=ending.record.run_id, item=ending.record.item_id)
            await self._group.add(unwritable(ending, said))

    async def _commit(self, endings: Sequence[DeliveryResult]) -> None:
        changed: set[str] = set()
        async with self._database.begin() as tx:
            parents = {ending.parent for ending in endings if ending.parent is not None}
            pauses = any(ending.systemic for ending in endings)
            if parents or pauses:
                # All items come before the runs' rows: behind those a child that ends tells its
                # parent, and a run that is to pause is locked before its item is written.
                await suspension.lock(tx, parents | {ending.place for ending in endings})
            if pauses:
                endings = await self._pause(tx, endings)
                changed |= {ending.record.run_id for ending in endings if ending.systemic}
            places = by_place((ending.place, ending.memory) for ending in endings)
            named = {run_id for run_id, _ in places}
            named |= {ending.record.run_id for ending in endings if ending.leaves}
            done = await records.record(tx, [ending.record for ending in endings], named=named)
            if done.number < len(endings):
                log.warning("outcome_refused", count=len(endings) - done.number)
            if remembered := {at: places[at] for at in done.succeeded if at in places}:
                # Of one transaction with the outcomes, and locked before the runs' rows.
                await result_memory.remember(tx, remembered)
            changed |= await self._count(tx, endings, done)
            if done.put_off:
                await self._put_off(tx, [e for e in endings if e.place in done.put_off])
        # Before those who wait for this commit go on: what they would begin must not.
        for run_id in changed:
            self._changed(run_id)
        if self._meter is not None:
            _tell(self._meter, endings, done)

    async def _count(
        self, tx: AsyncConnection, endings: Sequence[DeliveryResult], done: Recorded
    ) -> set[str]:
        """Returns the runs whose status changed."""
        standings: dict[str, RunProgress] = {}
        left = _left(endings, done)
        # In the order of their ids, so that two writers never wait for each other's rows: where one
        # of the runs pauses, all are locked already, likewise. And all of them first, because what
        # follows from an end may lock what several runs have in common.
        for run_id in sorted(done.runs):
            delta = done.runs[run_id]
            _, leaves = left.get(run_id, ("", None))
            counted = await counters.count(
                tx, run_id, delta, look_ahead=self._look_ahead, leaves=leaves
            )
            if counted.status == RunStatus.CANCELLING:
                counted = await self._cancel_put_off(tx, run_id, done) or counted
            standings[run_id] = counted
        # Others of the same partitions may begin, once the runs' rows are locked.
        for run_id, (family, leaves) in sorted(left.items()):
            stands = standings[run_id]
            await self._engine.publish(
                tx, await self._windows.released(tx, stands, run_id, family, leaves)
            )
        return {
            run_id
            for run_id, counted in standings.items()
            if await self._lifecycle.counted(tx, run_id, counted)
        }

    async def _put_off(self, tx: AsyncConnection, later: Sequence[DeliveryResult]) -> None:
        parked = [ending for ending in later if ending.waits]
        woken = await self._suspend(tx, parked) if parked else ()
        await self._engine.publish(tx, messages_of(later, woken))

    async def _suspend(
        self, tx: AsyncConnection, parked: Sequence[DeliveryResult]
    ) -> Sequence[WokenItem]:
        """Write what items wait for. Returns those for which it has been answered meanwhile."""
        waits = [wait for ending in parked for wait in ending.waits]
        fresh = [wait.record for wait in waits if wait.fresh]
        if fresh:
            await steps.remember(tx, fresh)
        awaiting = [w.record.id for w in waits if w.record.kind == StepKind.EVENT]
        others = [w.record.id for w in waits if w.record.kind != StepKind.EVENT]
        answered = await steps.answered_among(tx, others) if others else set()
        if awaiting:
            answered |= await steps.settled_among(tx, awaiting)
        asking = [ending.place for ending in parked if ending.asks and ending.place not in answered]
        if asking:
            await tell_suspended(tx, asking)
        return await suspension.go_on(tx, answered) if answered else ()

    async def _cancel_put_off(
        self, tx: AsyncConnection, run_id: str, done: Recorded
    ) -> RunProgress | None:
        """The run is being cancelled, and may have been swept already."""
        places = [place for place in done.put_off if place[0] == run_id]
        if not places:
            return None
        await items.cancel(tx, run_id, [item_id for _, item_id in places])
        done.put_off.difference_update(places)
        suspended = done.runs[run_id].suspended
        changed = CounterDelta({ItemStatus.CANCELLED: len(places)}, suspended=-suspended)
        done.runs[run_id].outcomes[ItemStatus.CANCELLED] += len(places)
        return await counters.count(tx, run_id, changed, look_ahead=self._look_ahead)

    async def _pause(
        self, tx: AsyncConnection, endings: Sequence[DeliveryResult]
    ) -> list[DeliveryResult]:
        """Pause the runs of which an item said that all others would fail as well.

        An item that is let go of without a message must wait for a resume. Of a run that is being
        cancelled instead, the item is cancelled.
        """
        texts = {e.record.run_id: e.record.error_message or "" for e in endings if e.systemic}
        # Locked first: a resume of a run that was paused already either waits for our commit, or is
        # seen here, and then the run is paused once more. With those that are only counted: of all
        # of them the rows are locked in one order.
        await runs.statuses(tx, {e.record.run_id for e in endings}, lock=True)
        for run_id in sorted(texts):
            await self._lifecycle.pause(tx, run_id, PauseReason.SYSTEMIC, texts[run_id])
        statuses = await runs.statuses(tx, texts.keys())
        return [
            cancelled(ending)
            if ending.systemic and statuses.get(ending.record.run_id) is not RunStatus.PAUSED
            else ending
            for ending in endings
        ]


def _left(
    endings: Sequence[DeliveryResult], done: Recorded
) -> dict[str, tuple[str, dict[str, int]]]:
    """By run, its family and how many items of each partition others may follow."""
    found: dict[str, tuple[str, dict[str, int]]] = {}
    every = done.number == len(endings)
    for ending in endings:
        name = ending.leaves
        if name and (every or ending.place in done.written):
            _, leaves = found.setdefault(ending.record.run_id, (ending.family, {}))
            leaves[name] = leaves.get(name, 0) + 1
    return found


def _tell(meter: WorkMeter, endings: Sequence[DeliveryResult], done: Recorded) -> None:
    """What the commit has changed: by run, because a batch is nearly always of one."""
    for run_id, delta in done.runs.items():
        family = next(ending.family for ending in endings if ending.record.run_id == run_id)
        meter.ended(family, delta.outcomes)
    if done.number < len(endings):
        meter.refused(len(endings) - done.number)
    if done.put_off:
        for ending in endings:
            if ending.place in done.put_off:
                failed = ending.record.error_class is not None and not ending.systemic
                meter.put_off(ending.family, ending.record.status, failed=failed)


def _weight(ending: DeliveryResult) -> int:
    return len(ending.record.result or "")
