"""What a worker's loops do, once: where no worker is, a clock calls for it each minute."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.faults import Fault
from app.workflows.worker.watch_lock import watch_lock

log = structlog.get_logger("sluice.tick")


@dataclass(frozen=True, slots=True)
class TickPart:
    """
    Args:
        work: one round. It may be cut off anywhere, and the next tick goes on.
        seconds: after which it is.
    """

    name: str
    work: Callable[[], Awaitable[object]]
    seconds: float


@dataclass(slots=True)
class TickResult:
    """What became of each part of the tick, by name. ``elsewhere``: another tick has these in
    hand."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    cut_off: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


class Tick:
    """
    Args:
        holding: see ``watch_lock``.
        free: what any number of ticks may do at a time.
        alone: what only one may.
    """

    def __init__(
        self, holding: AsyncEngine, free: Sequence[TickPart], alone: Sequence[TickPart]
    ) -> None:
        self._holding = holding
        self._free = free
        self._alone = alone
        self._faults: dict[str, Fault] = {}

    async def run(self) -> TickResult:
        """Run each part in turn, whether or not the others fail."""
        told = TickResult()
        for part in self._free:
            await self._do(part, told)
        # Its connection says nothing while the parts work.
        longest = timedelta(seconds=2 * sum(part.seconds for part in self._alone))
        async with watch_lock(self._holding, longest) as ours:
            if ours is None:
                told.elsewhere += dict.fromkeys(part.name for part in self._alone)
            else:
                for part in self._alone:
                    await self._do(part, told)
        return told

    async def _do(self, part: TickPart, told: TickResult) -> None:
        fault = self._faults.setdefault(part.name, Fault(log, "tick_stumbled"))
        try:
            async with asyncio.timeout(part.seconds) as limit:
                await part.work()
        except Exception as error:  # noqa: BLE001 - the others must have their turn
            if limit.expired():
                log.warning("tick_cut_off", part=part.name, seconds=part.seconds)
                told.cut_off.append(part.name)
            else:
                fault.seen(error, part=part.name)
                told.failed.append(part.name)
        else:
            fault.over(part=part.name)
            told.done.append(part.name)
