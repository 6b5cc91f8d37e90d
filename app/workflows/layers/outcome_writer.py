"""Writing outcomes in batches: one transaction for the messages, the items and the counters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.driver import refusal
from app.engine import Engine, OutgoingMessage
from app.store.group_commit import GroupCommit
from app.store.items import items, result_memory
from app.store.items import outcomes as records
from app.store.items.outcomes import ItemOutcome, Recorded
from app.store.items.result_memory import RememberedPlace, by_place
from app.store.notifications.outbox import tell_suspended
from app.store.runs import counters, runs
from app.store.runs.counters import CounterDelta, RunProgress
from app.store.statuses import ItemStatus, PauseReason, RunStatus, StepStatus
from app.store.steps import steps
from app.store.storable import cut
from app.workflows.messages import ExecuteMessage
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.steps.children import wake_parent
from app.workflows.steps.suspension import PendingWait

LONGEST_MESSAGE = 2_000
FINE = (ItemStatus.SUCCEEDED, ItemStatus.SKIPPED, ItemStatus.SUSPENDED)

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How a delivery of an item ended.

    ``systemic``: the run must pause, and the item waits for its resume. ``waits``: what a suspended
    item waits for. ``memory``: where its family remembers a success; None: it remembers none.
    """

    family: str
    record: ItemOutcome
    systemic: bool = False
    waits: Sequence[PendingWait] = ()
    memory: RememberedPlace | None = None

    @property
    def may_be_followed(self) -> bool:
        """Whether the next item may begin while this one is being written: not if the run may be
        paused because of it."""
        record = self.record
        fine = record.status in FINE
        return fine and not (record.spent_usd or record.spent_tokens)

    @property
    def asks(self) -> bool:
        """Whether it begins to wait for a person."""
        waits = (wait.record.status for wait in self.waits if wait.fresh)
        return StepStatus.SUSPENDED in waits

    @property
    def place(self) -> tuple[str, str]:
        return (self.record.run_id, self.record.item_id)

    def message(self) -> OutgoingMessage | None:
        """With which the item comes again; None: not by itself."""
        record = self.record
        if record.due_in is None or self.systemic:
            return None
        message = ExecuteMessage(run=record.run_id, items=(record.item_id,))
        return message.outgoing(self.family, record.due_in)


class OutcomeWriter:
    """Counts each outcome exactly once, however often its item was delivered.

    An outcome is written only where the item is still in the hands of the delivery that found it
    out, and the counters change by what was written, in the same transaction.

    Args:
        changed: told of each run whose status a commit has changed.
    """

    def __init__(
        self,
        database: AsyncEngine,
        engine: Engine,
        keeper: RunLifecycle,
        *,
        look_ahead: int,
        changed: Callable[[str], None],
    ) -> None:
        self._database = database
        self._engine = engine
        self._keeper = keeper
        self._look_ahead = look_ahead
        self._changed = changed
        self._group = GroupCommit(self._commit, _weight)

    async def write(self, ending: DeliveryResult) -> None:
        """Return when ``ending`` is committed, or was refused because the item is not ours any
        more.

        What Postgres does not take is written as a failure that says so.
        """
        try:
            await self._group.add(ending)
        except DBAPIError as error:
            said = refusal(error)
            if said is None:
                raise
            log.warning("outcome_unwritable", run=ending.record.run_id, item=ending.record.item_id)
            await self._group.add(_unwritable(ending, said))

    async def _commit(self, endings: Sequence[DeliveryResult]) -> None:
        changed: set[str] = set()
        async with self._database.begin() as tx:
            if any(ending.systemic for ending in endings):
                endings = await self._pause(tx, endings)
                changed |= {ending.record.run_id for ending in endings if ending.systemic}
            places = by_place((ending.place, ending.memory) for ending in endings)
            done = await records.record(
                tx, [ending.record for ending in endings], named={run_id for run_id, _ in places}
            )
            if done.number < len(endings):
                log.warning("outcome_refused", count=len(endings) - done.number)
            if done.succeeded:
                # Of one transaction with the outcomes, and locked before the runs' rows.
                await result_memory.remember(tx, {at: places[at] for at in done.succeeded})
            changed |= await self._count(tx, endings, done)
            if done.put_off:
                await self._put_off(tx, [e for e in endings if e.place in done.put_off])
        # Before those who wait for this commit go on: what they would begin must not.
        for run_id in changed:
            self._changed(run_id)

    async def _count(
        self, tx: AsyncConnection, endings: Sequence[DeliveryResult], done: Recorded
    ) -> set[str]:
        """Returns the runs whose status changed."""
        standings: dict[str, RunProgress] = {}
        # In the order of their ids, so that two writers never wait for each other's rows; and all
        # of them first, because what follows from an end may lock what several runs have in common.
        for run_id in sorted(done.runs):
            delta = done.runs[run_id]
            counted = await counters.count(tx, run_id, delta, look_ahead=self._look_ahead)
            if counted.status == RunStatus.CANCELLING:
                counted = await self._cancel_put_off(tx, run_id, done) or counted
            standings[run_id] = counted
        return {
            run_id
            for run_id, counted in standings.items()
            if await self._keeper.counted(tx, run_id, counted)
        }

    async def _put_off(self, tx: AsyncConnection, later: Sequence[DeliveryResult]) -> None:
        parked = [ending for ending in later if ending.waits]
        if parked:
            await self._suspend(tx, parked)
        messages = [message for ending in later if (message := ending.message()) is not None]
        await self._engine.publish(tx, messages)

    async def _suspend(self, tx: AsyncConnection, parked: Sequence[DeliveryResult]) -> None:
        """Write what items wait for. What was answered meanwhile lets its item go on at once."""
        waits = [wait for ending in parked for wait in ending.waits]
        fresh = [wait.record for wait in waits if wait.fresh]
        if fresh:
            await steps.remember(tx, fresh)
        answered = await steps.answered_among(tx, [wait.record.id for wait in waits])
        for ending in parked:
            if ending.place in answered:
                await wake_parent(tx, self._engine, ending.family, ending.place)
        asking = [ending.place for ending in parked if ending.asks and ending.place not in answered]
        if asking:
            await tell_suspended(tx, asking)

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
        # seen here, and then the run is paused once more.
        await runs.statuses(tx, texts.keys(), lock=True)
        for run_id in sorted(texts):
            await self._keeper.pause(tx, run_id, PauseReason.SYSTEMIC, texts[run_id])
        statuses = await runs.statuses(tx, texts.keys())
        return [
            _cancelled(ending)
            if ending.systemic and statuses.get(ending.record.run_id) is not RunStatus.PAUSED
            else ending
            for ending in endings
        ]


def _weight(ending: DeliveryResult) -> int:
    return len(ending.record.result or "")


def _unwritable(ending: DeliveryResult, said: str) -> DeliveryResult:
    """The end of an item of which something cannot be written: it would be no other next time."""
    what = f"The item's outcome, {ending.record.status}, cannot be written."
    record = replace(
        ending.record,
        status=ItemStatus.FAILED,
        executed=False,
        result=None,
        error_class="Unwritable",
        error_message=cut(f"{what} Postgres says: {said}", LONGEST_MESSAGE),
        error_traceback=None,
        error_group="The item's outcome cannot be written.",
        finished_at=datetime.now(UTC),
        due_in=None,
    )
    return DeliveryResult(ending.family, record)


def _cancelled(ending: DeliveryResult) -> DeliveryResult:
    record = replace(
        ending.record, status=ItemStatus.CANCELLED, finished_at=ending.record.started_at
    )
    return DeliveryResult(ending.family, record)
