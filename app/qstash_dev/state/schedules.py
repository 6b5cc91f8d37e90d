"""Schedules: a message each time that a cron expression is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from app.qstash_dev.clock import Clock
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.message import QStashMessage, new_id
from app.qstash_dev.wire.cron_times import CronTimes
from app.qstash_dev.wire.flow_limits import check_name
from app.qstash_dev.wire.instructions import Instructions

MOST_SCHEDULES = 1_000


@dataclass(slots=True, eq=False)
class QStashSchedule:
    """
    Args:
        created_at, last_at, next_at: Unix seconds, the latter two by the clock of schedules.
        last: the messages of the last time.
    """

    id: str
    destination: str
    times: CronTimes
    body: bytes
    instructions: Instructions
    queue: str | None
    caller_ip: str
    created_at: float
    paused: bool = False
    last_at: float | None = None
    next_at: float | None = None
    last: list[QStashMessage] = field(default_factory=list)
    error: str | None = None
    timer: asyncio.TimerHandle | None = None


class Schedules:
    """
    Args:
        fire: publishes the message of one; returns what it has published.
    """

    def __init__(self, clock: Clock, fire: Callable[[QStashSchedule], list[QStashMessage]]) -> None:
        self._clock = clock
        self._fire = fire
        self._schedules: dict[str, QStashSchedule] = {}

    def all(self) -> list[QStashSchedule]:
        return sorted(self._schedules.values(), key=lambda schedule: schedule.created_at)

    def find(self, schedule_id: str) -> QStashSchedule:
        """
        Raises:
            QStashRefusal: there is none of this id.
        """
        schedule = self._schedules.get(schedule_id)
        if schedule is None:
            raise QStashRefusal(f"There is no schedule {schedule_id!r}.", 404)
        return schedule

    def put(self, schedule: QStashSchedule) -> None:
        """In place of one of the same id, if there is one, which stays paused.

        Raises:
            QStashRefusal: there are too many.
        """
        check_name(schedule.id, "schedule's id")
        former = self._schedules.get(schedule.id)
        if former is None and len(self._schedules) >= MOST_SCHEDULES:
            raise QStashRefusal(f"There are {MOST_SCHEDULES} schedules already.", 412)
        if former is not None:
            self._stop(former)
            schedule.created_at, schedule.paused = former.created_at, former.paused
            schedule.last_at, schedule.last = former.last_at, former.last
        self._schedules[schedule.id] = schedule
        self._wait(schedule, self._clock.schedule_time())

    def remove(self, schedule_id: str) -> None:
        """
        Raises:
            QStashRefusal: there is none of this id.
        """
        self._stop(self.find(schedule_id))
        del self._schedules[schedule_id]

    def close(self) -> None:
        for schedule in self._schedules.values():
            self._stop(schedule)

    def _stop(self, schedule: QStashSchedule) -> None:
        if schedule.timer is not None:
            schedule.timer.cancel()

    def _wait(self, schedule: QStashSchedule, after: float) -> None:
        self._stop(schedule)  # one timer each: a second one would outlive the schedule
        schedule.next_at = schedule.times.after(after)
        if schedule.next_at is not None:
            seconds = self._clock.shortened(schedule.next_at - self._clock.schedule_time())
            schedule.timer = asyncio.get_running_loop().call_later(seconds, self._due, schedule)

    def _due(self, schedule: QStashSchedule) -> None:
        """What came while nobody looked, as on a machine that slept, comes once."""
        due = schedule.next_at or 0.0
        if not schedule.paused:
            schedule.last_at = due
            try:
                schedule.last = self._fire(schedule)
                schedule.error = None
            except QStashRefusal as refusal:
                schedule.error = refusal.error
        self._wait(schedule, max(due, self._clock.schedule_time()))


def new_schedule_id() -> str:
    return new_id("scd_")
