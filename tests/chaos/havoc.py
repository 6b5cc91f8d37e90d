"""Runs go one after another while workers are killed, and while somebody pauses and resumes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from app.bootstrap import Urls, open_service
from app.errors import InvalidTransition
from app.store.database import reading
from app.store.statuses import ENDED
from app.store.steps import questions
from app.store.tables.runs import Run
from tests.chaos.family import TABLES, Chaotic
from tests.chaos.verdict import Verdict, judge
from tests.chaos.worker import Workers, chaos_settings
from tests.support.service import Sluice

WORKERS = 3
KILL_EVERY = 1.0
PEACE = 120.0
"""Seconds that the last run is given when the killing is over."""


@dataclass
class Havoc:
    """
    Args:
        seconds: of killing.
        tell: is given a line of what happened.
    """

    sluice: Sluice
    workers: Workers
    items: int
    seconds: float
    tell: Callable[[str], None]
    run_ids: list[str] = field(default_factory=list)
    kills: int = 0
    pauses: int = 0
    answers: int = 0
    began: float = field(default_factory=time.monotonic)

    async def play(self) -> Verdict:
        self.workers.start(WORKERS)
        running = asyncio.create_task(self._runs())
        answering = asyncio.create_task(self._answer())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.seconds), asyncio.TaskGroup() as group:
                    group.create_task(self._kill())
                    group.create_task(self._pause())
                    group.create_task(self._count())
            self._say("the killing is over")
            await self._resume()
            async with asyncio.timeout(PEACE):
                await running
        except TimeoutError:
            self._say("the last run does not end")
        finally:
            for task in (running, answering):
                task.cancel()
            await asyncio.gather(running, answering, return_exceptions=True)
            await self.workers.stop()
        return await judge(self.sluice, self.run_ids, self.items, self.kills)

    async def _runs(self) -> None:
        while not self.run_ids or time.monotonic() - self.began < self.seconds:
            run_id = await self.sluice.start()
            self.run_ids.append(run_id)
            self._say(f"run {len(self.run_ids)} of {self.items} items is started")
            while (run := await self.sluice.run(run_id)).status not in ENDED:
                await asyncio.sleep(0.1)
            self._say(f"run {len(self.run_ids)} is {run.status}: {_counts(run)}")

    async def _kill(self) -> None:
        while True:
            await asyncio.sleep(KILL_EVERY)
            pid = await self.workers.kill(random.randrange(WORKERS))  # noqa: S311 - anyone
            self.workers.start()
            self.kills += 1
            self._say(f"kill {self.kills}: worker {pid}")

    async def _pause(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(0.5, 3))  # noqa: S311 - at any moment
            if not self.run_ids:
                continue
            with suppress(InvalidTransition):  # it has just ended
                await self.sluice.service.api.control.pause(self.run_ids[-1], by="chaos")
                self.pauses += 1
                self._say("paused")
                await asyncio.sleep(random.uniform(0, 1.5))  # noqa: S311
                await self._resume()
                self._say("resumed")

    async def _answer(self) -> None:
        """Whatever an item waits for, two people answer at once."""
        answering = self.sluice.service.api.answering
        while True:
            await asyncio.sleep(0.3)
            for run_id in self.run_ids[-1:]:
                async with reading(self.sluice.service.database) as connection:
                    asked = await questions.waiting(connection, run_id, limit=100)
                for question in asked:
                    told = await asyncio.gather(
                        *(answering.answer(question, one, by=one) for one in ("one", "two")),
                        return_exceptions=True,
                    )
                    self.answers += told.count(None)

    async def _resume(self) -> None:
        with suppress(InvalidTransition):
            await self.sluice.service.api.control.resume(self.run_ids[-1], by="chaos")

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(5)
            run = await self.sluice.run(self.run_ids[-1])
            self._say(f"{run.status}: {_counts(run)}")

    def _say(self, line: str) -> None:
        self.tell(f"{time.monotonic() - self.began:6.1f} s  {line}")


def _counts(run: Run) -> str:
    return (
        f"{run.scheduled} scheduled, {run.succeeded} succeeded, {run.skipped} skipped,"
        f" {run.failed} failed"
    )


async def play(
    urls: Urls, prefix: str, *, items: int, seconds: float, tell: Callable[[str], None]
) -> Verdict:
    """On a database that has our tables and nothing in them."""
    async with open_service(chaos_settings(prefix), urls, [Chaotic()]) as service:
        sluice = Sluice(service)
        for table in TABLES:
            await sluice.sql(table)
        await sluice.add_users(items)
        havoc = Havoc(sluice, Workers(urls, prefix), items, seconds, tell)
        verdict = await havoc.play()
    tell(
        f"{len(havoc.run_ids)} runs, {havoc.pauses} pauses, {havoc.answers} answers,"
        f" {verdict.again} attempts executed"
        f" again, {verdict.repaired} repairs by the watchdog"
    )
    if verdict.illegal:
        tell(verdict.illegal)
    return verdict
