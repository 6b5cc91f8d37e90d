"""One flow key whose partitions have limits, within one worker: who waits, and what is held."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from app.config.priorities import BULK_SHARE, ORDINARY
from app.connections.faults import Fault
from app.flow.gate import GateClosed, PartitionBusy
from app.flow.limits import OPEN, FlowControl
from app.flow.overrides import LiveControl
from app.flow.partitions.partition_line import PartitionLine, Waiting
from app.flow.partitions.partition_script import PartitionScript

POLL = 0.25
"""Seconds. Behind the wake-up calls: who waits is asked for at least so often."""
PATIENCE = 0.3
"""Seconds that an item waits in hand for its partition, before it waits in the queue."""
BACK = timedelta(seconds=0.5)
"""After about so long an item comes again whose partition's slots are all in use."""
LATE = 0.005
"""Seconds by which any start may be late."""


class PartitionQueue:
    """As ``app.flow.permits.permit_queue.PermitQueue``; but every start asks Redis, because a slot
    that one partition gives back may be none for another. Many share a round trip."""

    ready = False

    def __init__(
        self,
        script: PartitionScript,
        worker: str,
        live: Callable[[], LiveControl],
        limits: Callable[[str], FlowControl],
        refused: Callable[[str], Exception | None],
        fault: Fault,
        share: float = BULK_SHARE,
    ) -> None:
        self._script = script
        self._worker = worker
        self._live = live
        self._limits = limits  # of a partition
        self._refused = refused  # what who may not start is told, by flow key
        self._fault = fault
        self._line = PartitionLine(share)
        self._held: dict[str, str | None] = {}
        self._released: list[tuple[str, str | None]] = []
        self._due: dict[str, asyncio.TimerHandle] = {}
        self._number = 0
        self._kicked = asyncio.Event()
        self._talking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def held(self) -> list[str]:
        return list(self._held)

    @property
    def idle(self) -> bool:
        """Nobody waits, nothing is held, and there is nothing left to say."""
        return not (self._line or self._held or self._released or self._talking)

    async def renew(self) -> None:
        renewed = dict(self._held)
        try:
            await self._script.renew(self._live().key, renewed)
        finally:  # one that was given back meanwhile may have been taken up again
            self._released += [(one, of) for one, of in renewed.items() if one not in self._held]
            self.kick()

    async def enter(self, flow_key: str, partition: str | None, priority: int = ORDINARY) -> str:
        """Wait for a permit.

        Raises:
            GateClosed: the gate was closed first, or the flow key is held.
            PartitionBusy: the partition has no room.
        """
        place = Waiting(flow_key, partition, _now(), priority=priority)
        self._line.join(place)
        self.kick()
        while True:
            try:
                permit, due = await place.turn
            except asyncio.CancelledError:
                if place.turn.done() and not place.turn.cancelled() and not place.turn.exception():
                    self.leave(place.turn.result()[0])
                raise
            if not self._too_late(due, partition):
                return permit
            # The event loop was busy: a start now would come too close to those that follow.
            self._give_back(permit)
            if (refusal := self._refusal(flow_key)) is not None:
                raise refusal
            place = Waiting(flow_key, partition, place.since, priority=priority)
            self._line.join(place, first=True)

    def leave(self, permit: str) -> bool:
        """Returns whether the next in line begins on this very slot, which it never does."""
        self._give_back(permit)
        return False

    def kick(self) -> None:
        """There is something to say to Redis, or to hear from it."""
        self._kicked.set()
        if self._talking is None:
            self._talking = asyncio.create_task(self._talk())

    def close(self) -> None:
        """Send away everybody in line; those inside stay."""
        self._closed = True
        self.send_away()

    def send_away(self) -> None:
        """Let those in line wait no longer whose flow key is refused; those inside stay."""
        self._line.send_away(self._refusal)
        self.kick()

    async def drained(self) -> None:
        """Everything that was to be given back has been."""
        for permit, timer in list(self._due.items()):
            timer.cancel()
            del self._due[permit]
            self._give_back(permit)
        self._kicked.set()
        if self._talking is not None:
            await asyncio.shield(self._talking)

    def _refusal(self, flow_key: str) -> Exception | None:
        return GateClosed() if self._closed else self._refused(flow_key)

    def _give_back(self, permit: str) -> None:
        if permit in self._held:
            self._released.append((permit, self._held.pop(permit)))
            self.kick()

    async def _talk(self) -> None:
        pause = 0.1
        try:
            while self._line or self._released:
                self._kicked.clear()
                try:
                    ask_in = await self._exchange()
                    pause = 0.1
                    self._fault.over()
                except Exception as error:  # noqa: BLE001 - told, and the queue must go on
                    self._fault.seen(error, key=self._live().key)
                    if self._closed:
                        return  # the leases end by themselves
                    ask_in, pause = pause, min(pause * 2, 2.0)
                    await asyncio.sleep(ask_in)
                    continue
                if self._line and not self._released:
                    await self._wait(ask_in)
        finally:
            self._talking = None

    async def _exchange(self) -> float:
        """One round trip. Returns the seconds after which to ask again."""
        live = self._live()
        waiting = self._line.tidy()
        if live.open and not self._released:
            self._line.admit_all()
            return POLL
        wanted = [] if live.paused or self._closed else self._line.wanted(self._limits)
        released, number = self._released, self._number
        self._released, self._number = [], number + len(wanted)
        names = {place.partition for place in wanted} | {name for _, name in released}
        try:
            found = await self._script.exchange(
                live.key,
                live.control,
                {name: self._limits(name) for name in names if name is not None},
                self._worker,
                wanted=[place.partition for place in wanted],
                holds=len(self._held),
                number=number,
                waiting=waiting,
                released=released,
            )
        except BaseException:
            self._released = released + self._released
            raise
        waits = [POLL if found.ask_in is None else found.ask_in]
        denied: Counter[str | None] = Counter()
        for offset, (place, answer) in enumerate(zip(wanted, found.answers, strict=True)):
            if answer.start is not None:
                self._line.began(place)
                self._grant(place, f"{self._worker}:{number + offset}", answer.start)
            elif answer.partition_in is not None:
                waits.append(answer.partition_in)
                # Each of several comes back for a turn of its own.
                self._impatient(place, answer.partition_in, denied[place.partition])
                denied[place.partition] += 1
        return min(POLL, max(min(waits), 0.001))

    def _grant(self, place: Waiting, permit: str, start: float) -> None:
        self._held[permit] = place.partition
        if start <= 0:
            self._admit(place, permit, None)
        else:
            place.promised, loop = True, asyncio.get_running_loop()
            due = loop.time() + start
            self._due[permit] = loop.call_later(start, self._admit, place, permit, due)

    def _admit(self, place: Waiting, permit: str, due: float | None) -> None:
        self._due.pop(permit, None)
        if self._closed or place.turn.done():
            self._give_back(permit)
        else:
            place.turn.set_result((permit, due))

    def _impatient(self, place: Waiting, left: float, before: int) -> None:
        """What cannot begin soon keeps no place of what can: the partition's next turn comes in
        ``left`` seconds, and ``before`` others of it wait for one."""
        interval = self._limits(place.partition or "").interval
        if interval is not None:
            left += before * interval.total_seconds()
        waited = _now() - place.since
        if place.turn.done() or (waited < PATIENCE and not PATIENCE < left < math.inf):
            return
        chance = 0.5 + random.random()  # noqa: S311 - what was sent away together comes back apart
        again = BACK * chance if math.isinf(left) else timedelta(seconds=left)
        place.turn.set_exception(PartitionBusy(place.partition or "", again))

    def _too_late(self, due: float | None, partition: str | None) -> bool:
        if due is None:
            return False
        limits = (self._live().control, OPEN if partition is None else self._limits(partition))
        intervals = [one.interval.total_seconds() for one in limits if one.interval is not None]
        late = _now() - due
        return bool(intervals) and late > max(min(intervals), LATE)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._kicked.wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
