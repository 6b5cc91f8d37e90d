"""Asking the throttles of families, and holding those of which one says no."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.flow.overrides import EffectiveLimits
from app.store.database import reading
from app.store.monitoring import flow_overrides, holds
from app.store.monitoring.holds import Cause, HoldRow
from app.store.runs import throttle_events
from app.workflows.throttles.check_call import CheckCall

GRACE = timedelta(seconds=30)
"""For so long beyond the next look what the last one said holds on, where one worker looks for all:
time for another one to take over. Then who has something to start asks by itself."""
TOGETHER = 100
"""Runs that are told in one transaction."""

log = structlog.get_logger("sluice.throttle")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check. ``reason``: None if all is well. ``again``: the time until the next
    check."""

    reason: str | None
    again: timedelta


@dataclass(frozen=True, slots=True)
class Held:
    """What keeps something new of a family from starting.

    Args:
        hold: the one that ends last; None: there is none.
        paused: its keys, as the gate counts them, that an operator has paused, sorted.
    """

    hold: HoldRow | None
    paused: Sequence[str]


@dataclass(slots=True)
class ThrottleLooks:
    """What it finds stands in the database, for every process to see.

    Args:
        checks: by family; a family without any is never asked for, and costs nothing.
        tell: wakes every process to read what is held.
        grace: see ``GRACE``; none where nobody looks but who is delivered something.
    """

    database: AsyncEngine
    controls: EffectiveLimits
    checks: Mapping[str, Sequence[CheckCall]]
    tell: Callable[[str], Awaitable[None]]
    grace: timedelta = GRACE
    wakes: list[Callable[[], None]] = field(default_factory=list)
    """Called when a family was asked for, and may start or not."""
    looked: Counter[str] = field(default_factory=Counter)
    """How often each family has been asked for here."""
    _good_until: dict[str, float] = field(default_factory=dict)
    _looking: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    _asking: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def __post_init__(self) -> None:
        self.controls.holds.listeners.append(self._forget)

    @property
    def families(self) -> list[str]:
        return sorted(self.checks)

    async def held(self, tx: AsyncConnection, families: Iterable[str]) -> Mapping[str, Held]:
        """What holds each of these families at present."""
        asked = set(families)
        keys = {key for name in asked for key in self.controls.keys_of(name)}
        if not keys:
            return {}
        found = await holds.standing(tx, self.checks.keys() & asked, keys)
        paused = await flow_overrides.paused(tx, keys)
        held: dict[str, HoldRow] = {}
        for row in sorted(found, key=lambda one: one.until):
            if row.cause == Cause.THROTTLE:
                held[row.key] = row
            else:
                held |= {name: row for name in asked if row.key in self.controls.keys_of(name)}
        its = {name: self.controls.keys_of(name) for name in asked}
        return {
            name: Held(held.get(name), [key for key in paused if key in its[name]])
            for name in asked
        }

    def asks(self, family: str) -> bool:
        """Whether somebody here is about to learn if the family may start anything."""
        lock = self._asking.get(family)
        return lock is not None and lock.locked()

    async def require_known(self, family: str) -> None:
        """Return once it is known whether the family is held: from a look that is still good, or
        else by asking now. So nothing starts in between, whoever has died."""
        if family not in self.checks or self._is_known(family):
            return
        async with self._asking[family]:
            if self._is_known(family):
                return
            known = self.looked[family]
            async with reading(self.database) as connection:
                left = await holds.good_for(connection, family)
            if left is None:
                await self.look(family, known=known)
            else:
                await self.controls.refresh()
                self._learn(family, left)
        for wake in self.wakes:
            wake()

    def _is_known(self, family: str) -> bool:
        if self._is_held(family):
            return True  # until the hold ends, whoever lifts it
        return time.monotonic() < self._good_until.get(family, 0.0)

    def _is_held(self, family: str) -> bool:
        return self.controls.holds.of(family) is not None

    def _learn(self, family: str, good_for: timedelta) -> None:
        """The last look is good for so long; one that holds, until the hold ends."""
        if not self._is_held(family):
            self._good_until[family] = time.monotonic() + good_for.total_seconds()

    def _forget(self) -> None:
        """A hold is newer than what was known before, and may end without a look."""
        for family in [name for name in self._good_until if self._is_held(name)]:
            del self._good_until[family]

    async def due(self) -> list[str]:
        """Families that have a run that has not ended, and whose next look is due."""
        async with reading(self.database) as connection:
            return await holds.due(connection, self.families)

    async def look_due(self) -> None:
        known = self.looked.copy()
        await asyncio.gather(
            *(self.look(family, known=known[family]) for family in await self.due())
        )

    async def look(self, family: str, *, known: int | None = None) -> None:
        """Ask, and have it known everywhere.

        Args:
            known: how often it had been asked for when this was found to be due: where somebody
                here has asked since, nobody does again. None: it is asked for in any case.
        """
        async with self._looking[family]:
            if known is not None and self.looked[family] != known:
                return
            verdict = await self._verdict(family)
            await self._write(family, verdict)
            self.looked[family] += 1
        await self._tell_runs(family, verdict)

    async def aclose(self) -> None:
        for check in _each(self.checks.values()):
            check.close()

    async def _verdict(self, family: str) -> Verdict:
        checks = self.checks[family]
        answers = await asyncio.gather(*(check.ask() for check in checks))
        refused = [
            (answer, check.throttle)
            for answer, check in zip(answers, checks, strict=True)
            if answer is not None
        ]
        if not refused:
            return Verdict(None, min(check.throttle.every for check in checks))
        reason = "; ".join(dict.fromkeys(answer for answer, _ in refused))
        return Verdict(reason, min(throttle.backoff for _, throttle in refused))

    async def _write(self, family: str, verdict: Verdict) -> None:
        again, until = verdict.again, verdict.again + self.grace
        since = began = None
        async with self.database.begin() as tx:
            if verdict.reason is None:
                since = await holds.lift(tx, family, Cause.THROTTLE)
            else:
                began = await holds.put(
                    tx, family, Cause.THROTTLE, verdict.reason, again=again, until=until
                )
            await holds.looked(tx, family, again=again, good_for=until)
        if began:
            log.warning("throttled", family=family, reason=verdict.reason)
        if since is not None:
            log.warning("throttle_over", family=family, since=since.isoformat())
        await self.controls.refresh()
        self._learn(family, until)
        if began or since is not None:
            await self.tell(family)

    async def _tell_runs(self, family: str, verdict: Verdict) -> None:
        told = TOGETHER
        while told == TOGETHER:
            async with self.database.begin() as tx:
                told = await throttle_events.tell(tx, family, verdict.reason, limit=TOGETHER)


def _each(checks: Iterable[Sequence[CheckCall]]) -> dict[CheckCall, None]:
    """Once, however many families share it."""
    return dict.fromkeys(check for of in checks for check in of)
