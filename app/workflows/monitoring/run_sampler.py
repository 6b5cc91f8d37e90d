"""Writes down every few seconds how the counters of runs stand, so that it can be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.database import reading
from app.store.monitoring import samples

LOOK_EVERY = 50
"""Samples of a run between two looks at how many there are."""


@dataclass(slots=True)
class _Course:
    """What is known of a run: how it stood last, when that was written, and when it still held."""

    stood: tuple[int, ...]
    written_at: datetime
    held_at: datetime
    since_look: int = 0


@dataclass(slots=True)
class RunSampler:
    """For whoever watches. A run that stands still costs no writing: its last stand is
    written once more when it moves again, so that the line between is level.
    """

    database: AsyncEngine
    look_every: int = LOOK_EVERY
    _courses: dict[str, _Course] = field(default_factory=dict)

    async def look(self) -> None:
        """One pass over the runs that have not ended. How they end stands in their own rows."""
        async with reading(self.database) as connection:
            found = await samples.unfinished(connection)
        fresh: list[tuple[str, datetime, tuple[int, ...]]] = []
        former, self._courses = self._courses, {}
        if found is None:
            return
        now, stands = found
        for run_id, stood in stands.items():
            course = self._courses[run_id] = former.get(run_id) or _Course((), now, now)
            if course.stood != stood:
                if course.stood and course.held_at > course.written_at:
                    fresh.append((run_id, course.held_at, course.stood))
                fresh.append((run_id, now, stood))
                course.stood, course.written_at = stood, now
                course.since_look += 1
            course.held_at = now
        if not fresh:
            return
        async with self.database.begin() as tx:
            await samples.add(tx, fresh)
        await self._thin()

    async def _thin(self) -> None:
        due = [run_id for run_id, c in self._courses.items() if c.since_look >= self.look_every]
        if not due:
            return
        async with self.database.begin() as tx:
            for run_id, number in (await samples.numbers(tx, due)).items():
                self._courses[run_id].since_look = 0
                # With room for what comes until the next look.
                if number > samples.MOST - 2 * LOOK_EVERY:
                    await samples.thin(tx, run_id)
