"""Starts runs when their schedules are due.

Every worker runs one. The row of a schedule is locked while it fires, and the run that comes of it,
the next fire time and what is told of this one are one commit: whoever dies, a fire time either has
its run and is over, or is still due (docs/decisions/0016).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.faults import Fault
from app.engine import Engine
from app.errors import Conflict, SluiceError
from app.metrics.meter import WorkMeter
from app.store.database import reading
from app.store.planning import schedules
from app.store.planning.schedules import FireOutcome
from app.store.runs.idempotency import IdempotentCall
from app.store.statuses import FireResult
from app.store.storable import cut
from app.store.tables.schedules import Schedule
from app.workflows.contract.cron import CatchUp
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.start import start_run
from app.workflows.schedules.fire_times import latest_fire, next_fire
from app.workflows.schedules.request import LONGEST_DETAIL, run_of

LOOK_SECONDS = 5.0
"""Between two looks: a schedule that was made or changed meanwhile is seen so late."""
BUSY_SECONDS = 0.5
"""Before the next look when one has just become due, or somebody else has it in hand."""
MISSED = timedelta(minutes=5)
"""A fire time that is seen to later than that was missed: nothing ran when it came."""

log = structlog.get_logger("sluice.schedule")


@dataclass(frozen=True, slots=True)
class Scheduler:
    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]
    every: float = LOOK_SECONDS
    meter: WorkMeter | None = None
    _stumbling: dict[str, Fault] = field(default_factory=dict)
    """By the id of a schedule that could not fire in the last pass."""

    async def run(self) -> None:
        """Until cancelled."""
        fault = Fault(log, "scheduler_stumbled")
        while True:
            pause = self.every
            try:
                ahead = await self._ahead()
                if ahead is not None and ahead <= 0:
                    await self.fire_due()
                    # One that cannot fire stays due, and must not hide when the others are.
                    ahead = await self._ahead(self._stumbling)
                if ahead is not None and ahead > -LOOK_SECONDS:
                    pause = min(self.every, ahead) if ahead > 0 else BUSY_SECONDS
                fault.over()
            except Exception as error:  # noqa: BLE001 - the next look tries again
                fault.seen(error)
            await asyncio.sleep(pause)

    async def _ahead(self, passed_over: Collection[str] = ()) -> float | None:
        """Seconds; see ``schedules.seconds_to_next``."""
        async with reading(self.database) as connection:
            return await schedules.seconds_to_next(connection, self.families.keys(), passed_over)

    async def fire_due(self) -> int:
        """One pass over what is due, each in a transaction of its own. Returns how many fired."""
        number = 0
        broken: set[str] = set()
        while True:
            taken: Schedule | None = None
            try:
                async with self.database.begin() as tx:
                    taken = await schedules.take_due(tx, self.families.keys(), broken)
                    if taken is None:
                        break
                    await self._fire(tx, taken)
                number += 1
            except Exception as error:
                if taken is None:
                    raise
                # It stays due, and must not keep those behind it from firing.
                broken.add(taken.id)
                fault = self._stumbling.setdefault(taken.id, Fault(log, "schedule_stumbled"))
                fault.seen(error, schedule=taken.id)
        for mended in self._stumbling.keys() - broken:  # here, or by another process
            self._stumbling.pop(mended).over(schedule=mended)
        return number

    async def _fire(self, tx: AsyncConnection, schedule: Schedule) -> None:
        now = await schedules.present(tx)
        due = schedule.next_at or now
        fire_time = latest_fire(schedule.expression, schedule.tz, due, now)
        makes_up = schedule.catch_up == CatchUp.ONE
        if now - fire_time > MISSED and not makes_up:
            fired = FireOutcome(FireResult.SKIPPED, "It passed while nothing ran; catchUp is none.")
        else:
            fired = await self._start(tx, schedule, fire_time)
            if now - due > MISSED and makes_up and fired.result is FireResult.STARTED:
                since = f"Nothing ran when it was due since {_shown(due)}: one run for all of it."
                fired = replace(fired, detail=since)
        following = next_fire(schedule.expression, schedule.tz, max(now, fire_time))
        await schedules.advance(tx, schedule.id, fire_time, following, fired)
        if self.meter is not None:
            self.meter.fired(tx, schedule.family, fired.result)
        log.info(
            "schedule_fired",
            schedule=schedule.id,
            family=schedule.family,
            fire_time=fire_time.isoformat(),
            late_seconds=round((now - fire_time).total_seconds(), 3),
            result=fired.result,
            run=fired.run_id,
            reason=fired.detail,
        )

    async def _start(
        self, tx: AsyncConnection, schedule: Schedule, fire_time: datetime
    ) -> FireOutcome:
        bound = self.families[schedule.family]
        moment = _shown(fire_time)
        try:
            request, run = run_of(bound, schedule, by=started_by(schedule), fireTime=moment)
        except SluiceError as refused:
            return FireOutcome(FireResult.FAILED, cut(refused.detail, LONGEST_DETAIL))
        try:
            async with tx.begin_nested():
                # The key is a second belt, should somebody turn the row back by hand.
                once = _once(schedule, moment)
                started = await start_run(tx, self.engine, bound, run, once, why=request.why)
        except Conflict as refused:
            return FireOutcome(FireResult.SKIPPED, refused.detail)
        return FireOutcome(FireResult.STARTED, run_id=started.run_id)


def started_by(schedule: Schedule) -> str:
    return f"schedule {schedule.name}"


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _once(schedule: Schedule, moment: str) -> IdempotentCall:
    # No token has such a name: a colon ends it.
    caller = f"schedule:{schedule.id}"
    return IdempotentCall(caller, moment, hashlib.sha256(f"{caller}\0{moment}".encode()).digest())
