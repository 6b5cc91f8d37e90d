"""Writing outcomes in batches: one transaction for the messages, the items and the counters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.driver import refusal
from app.engine import Delivery, Engine
from app.store.group_commit import GroupCommit
from app.store.items import items
from app.store.items import outcomes as records
from app.store.items.outcomes import ItemOutcome
from app.store.runs import counters, runs
from app.store.runs.counters import CounterDelta, RunProgress
from app.store.statuses import ItemStatus, PauseReason, RunStatus
from app.store.steps import steps
from app.store.storable import cut
from app.workflows.keys import parse_flow_key
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.steps.children import wake_parent
from app.workflows.steps.suspension import PendingWait

LONGEST_MESSAGE = 2_000
FINE = (ItemStatus.SUCCEEDED, ItemStatus.SKIPPED, ItemStatus.SUSPENDED)

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How a delivery ended. With a ``delay`` its message comes again; without, it is done.

    ``systemic``: the run must pause, and the item waits for its resume. ``waits``: what a suspended
    item waits for.
    """

    delivery: Delivery
    record: ItemOutcome
    delay: timedelta | None = None
    systemic: bool = False
    waits: Sequence[PendingWait] = ()

    @property
    def may_be_followed(self) -> bool:
        """Whether the next item may begin while this one is being written: not if the run may be
        paused because of it."""
        record = self.record
        fine = record.status in FINE
        return fine and not (record.spent_usd or record.spent_tokens)


class OutcomeWriter:
    """Counts each outcome exactly once, however often its item was delivered.

    The message leaves the queue in the transaction that writes the outcome, and only a message that
    was still ours brings its outcome with it.

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
        """Return when ``ending`` is committed, or was refused because the message is not ours.

        What Postgres does not take is written as a failure that says so.
        """
        if ending.may_be_followed:
            ending.delivery.worked()
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
            done = [e.delivery for e in endings if e.delay is None or e.systemic]
            later = [
                (e.delivery, e.delay) for e in endings if e.delay is not None and not e.systemic
            ]
            ours: set[tuple[int, int]] = set()
            if done:
                ours |= await self._engine.complete(tx, done)
            if later:
                ours |= await self._engine.redeliver(tx, later)
            valid = [ending for ending in endings if ending.delivery.token in ours]
            if len(valid) < len(endings):
                log.warning("outcome_refused", count=len(endings) - len(valid))
            if valid:
                changed |= await self._record(tx, [ending.record for ending in valid])
            parked = [ending for ending in valid if ending.waits]
            if parked:
                await self._suspend(tx, parked)
        # Before those who wait for this commit go on: what they would begin must not.
        for run_id in changed:
            self._changed(run_id)

    async def _record(self, tx: AsyncConnection, found: Sequence[ItemOutcome]) -> set[str]:
        """Returns the runs whose status changed."""
        outcomes = await records.record(tx, found)
        standings: dict[str, RunProgress] = {}
        # In the order of their ids, so that two writers never wait for each other's rows; and all
        # of them first, because what follows from an end may lock what several runs have in common.
        for run_id in sorted(outcomes):
            counted = await counters.count(
                tx, run_id, outcomes[run_id], look_ahead=self._look_ahead
            )
            if counted.status == RunStatus.CANCELLING and outcomes[run_id].suspended:
                counted = await self._cancel_suspended(tx, run_id, found)
            standings[run_id] = counted
        return {
            run_id
            for run_id, counted in standings.items()
            if await self._keeper.counted(tx, run_id, counted)
        }

    async def _suspend(self, tx: AsyncConnection, parked: Sequence[DeliveryResult]) -> None:
        """Write what items wait for. What was answered meanwhile lets its item go on at once."""
        waits = [wait for ending in parked for wait in ending.waits]
        fresh = [wait.record for wait in waits if wait.fresh]
        if fresh:
            await steps.remember(tx, fresh)
        answered = await steps.answered_among(tx, [wait.record.id for wait in waits])
        for ending in parked:
            place = (ending.record.run_id, ending.record.item_id)
            if place in answered:
                family, _ = parse_flow_key(ending.delivery.flow_key)
                await wake_parent(tx, self._engine, family, place)

    async def _cancel_suspended(
        self, tx: AsyncConnection, run_id: str, found: Sequence[ItemOutcome]
    ) -> RunProgress:
        """The run is being cancelled, and may have been swept already."""
        ids = [r.item_id for r in found if (r.run_id, r.status) == (run_id, ItemStatus.SUSPENDED)]
        number = len(await items.cancel(tx, run_id, ids, ItemStatus.SUSPENDED))
        changed = CounterDelta({ItemStatus.CANCELLED: number}, suspended=-number)
        return await counters.count(tx, run_id, changed, look_ahead=self._look_ahead)

    async def _pause(
        self, tx: AsyncConnection, endings: Sequence[DeliveryResult]
    ) -> list[DeliveryResult]:
        """Pause the runs of which an item said that all others would fail as well.

        Before the messages are completed, because an item without a message must wait for a
        resume. Of a run that is being cancelled instead, the item is cancelled.
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
        wake_in=None,
    )
    return DeliveryResult(ending.delivery, record)


def _cancelled(ending: DeliveryResult) -> DeliveryResult:
    record = replace(
        ending.record, status=ItemStatus.CANCELLED, finished_at=ending.record.started_at
    )
    return DeliveryResult(ending.delivery, record)
