"""Gives an event to more items than one transaction wakes: some after some, each in a transaction.

That it is not done stands on the event's row. So whoever dies, and whenever, somebody goes on; and
because a step that has its event waits no more, going on is beginning anew (docs/decisions/0043).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.chunks import chunked
from app.connections.faults import Fault
from app.engine import Engine
from app.store.database import reading, transacted
from app.store.events import wakes
from app.store.events.wakes import AwaitedEvent
from app.workflows.events.event_waits import give

LOOK_SECONDS = 5.0
"""Between two looks for events whose sender has not come to the end."""
SENDER_SECONDS = 5.0
"""For which a sender waits while very many go on with its event. Looked at between transactions."""
TURN_SECONDS = 2.0
"""For which one name goes on before the others have their turn."""

log = structlog.get_logger("sluice.event")


@dataclass(frozen=True, slots=True)
class EventWaker:
    """
    Args:
        database: by whose connections rows are found by their keys.
    """

    database: AsyncEngine
    engine: Engine
    every: float = LOOK_SECONDS
    _fault: Fault = field(default_factory=lambda: Fault(log, "event_waker_stumbled"))
    _of_senders: Fault = field(default_factory=lambda: Fault(log, "event_waker_stumbled"))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.wake_all()
                self._fault.over()
            except Exception as error:  # noqa: BLE001 - the next look goes on
                self._fault.seen(error)
            await asyncio.sleep(self.every)

    async def wake_all(self) -> None:
        """Give events to all items that still wait for one. Each name has its turn, so that none
        waits for the end, or an error, of another. Safe to stop at any point.

        Raises:
            Exception: what went wrong with one of them, when the others have had their turn.
        """
        left = True
        while left:
            left, failed = False, None
            async with reading(self.database) as connection:
                names = list(await wakes.names(connection))
            random.shuffle(names)  # whoever is cut off begins with another one next time
            for name in names:
                woke: Counter[int] = Counter()
                until = time.monotonic() + TURN_SECONDS
                try:
                    await self._wake(name, until, woke)
                except Exception as error:  # noqa: BLE001 - the others have their turn
                    failed = error
                # One of which nobody went on is in other hands: the next look is soon enough.
                left = left or (woke.total() > 0 and time.monotonic() > until)
            if failed is not None:
                raise failed

    async def go_on(self, names: Collection[str]) -> Counter[int]:
        """With events of these names, as far as the time of a sender allows; the others are left.
        Returns how many items went on with each, by ``seq``."""
        woke: Counter[int] = Counter()
        until = time.monotonic() + SENDER_SECONDS
        try:
            for name in names:
                await self._wake(name, until, woke)
                if time.monotonic() > until:
                    break
            self._of_senders.over()
        except Exception as error:  # noqa: BLE001 - the events are taken, and the next look goes on
            self._of_senders.seen(error)
        return woke

    async def _wake(self, name: str, until: float, woke: Counter[int]) -> None:
        """Give what has come of a name, the earliest first; stop where somebody else does so. What
        went on is added to ``woke``."""
        began = time.monotonic()
        while True:
            async with reading(self.database) as connection:
                events = await wakes.unfinished(connection, name)
            if not events or not await self._give_all(name, events, until, woke):
                break
            seconds = round(time.monotonic() - began, 3)
            log.info("event_woke", name=name, items=woke.total(), seconds=seconds)

    async def _give_all(
        self, name: str, events: Sequence[int], until: float, woke: Counter[int]
    ) -> bool:
        """Returns whether all that waited for them have them."""
        after = ("", "", "")
        while True:
            async with reading(self.database) as connection:
                page = await wakes.page(connection, events, after=after)
            for some in chunked(wakes.AT_ONCE, page):
                given = await self._give(name, some)
                if given is None:
                    return False
                woke += given
                # Not before: a turn gives something, however long the look for it took.
                if time.monotonic() > until:
                    return False
            if len(page) < wakes.PAGE:
                break
            after = page[-1].step
            log.info("event_waking", name=name, items=woke.total())
        async with self.database.begin() as tx:
            await wakes.finish(tx, events)
        return True

    async def _give(self, name: str, some: Sequence[AwaitedEvent]) -> Counter[int] | None:
        """Give the events to some of the items that wait. Returns how many have gone on, by event;
        None: another process is doing it."""

        async def work(tx: AsyncConnection) -> Counter[int] | None:
            return await give(tx, self.engine, some) if await wakes.hold(tx, name) else None

        return await transacted(self.database, work)
