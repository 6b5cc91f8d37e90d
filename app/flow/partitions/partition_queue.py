"""One flow key whose partitions have limits, within one worker: who waits, and what is held."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress

from app.config.priorities import BULK_SHARE
from app.connections.faults import Fault
from app.connections.shared_tasks import shared_task
from app.flow.gate import GateClosed
from app.flow.lateness import late
from app.flow.limits import OPEN
from app.flow.overrides import LiveControl
from app.flow.partitions.next_answer import NextAnswer
from app.flow.partitions.partition_line import PartitionLine
from app.flow.partitions.partition_script import PartitionScript
from app.flow.partitions.partition_slot import PartitionSlot

POLL = 0.25
"""Seconds. Behind the wake-up calls: who waits is asked for at least so often."""
ANSWERED_WITHIN = 0.05
"""Seconds for which those wait who are asked for together, before each waits for itself."""
GIVEN_BACK_WITHIN = 0.005
"""Seconds until Redis is told of slots that nobody is known to wait for, here or elsewhere."""


class PartitionQueue:
    """As ``app.flow.permits.permit_queue.PermitQueue``; but every start asks Redis, because a slot
    that one partition gives back may be none for another. Many share a round trip."""

    def __init__(
        self,
        script: PartitionScript,
        worker: str,
        live: Callable[[], LiveControl],
        refused: Callable[[str], Exception | None],
        fault: Fault,
        share: float = BULK_SHARE,
        *,
        given_back_within: float = GIVEN_BACK_WITHIN,
    ) -> None:
        self._script = script
        self._worker = worker
        self._live = live
        self._refused = refused  # what who may not start is told, by flow key
        self._fault = fault
        self._within = given_back_within
        self._line = PartitionLine(share)
        self._held: dict[int, str | None] = {}
        self._released: dict[int, str | None] = {}
        self._due: dict[int, asyncio.TimerHandle] = {}
        self._answer = NextAnswer()
        self._wanted_elsewhere = False
        self._number = 0
        self._kicked = asyncio.Event()
        self._talking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def held(self) -> list[int]:
        """Numbers of permits."""
        return list(self._held)

    @property
    def idle(self) -> bool:
        """Nobody waits, nothing is held, and there is nothing left to say."""
        return not (self._line or self._held or self._released or self._talking)

    async def renew(self) -> None:
        renewed = dict(self._held)
        try:
            await self._script.renew(self._live().key, self._worker, renewed)
        finally:  # one that was given back meanwhile may have been taken up again
            self._released |= {one: of for one, of in renewed.items() if one not in self._held}
            self.kick()

    async def ahead(
        self, flow_key: str, partitions: Sequence[str | None], priority: int
    ) -> Sequence[PartitionSlot]:
        """Each stands in line; when Redis has answered for all of them, or cannot soon."""
        slots = [PartitionSlot(self, flow_key, name, priority) for name in partitions]
        now = asyncio.get_running_loop().time()
        for slot in slots:
            slot.begin(now)
            self._line.join(slot)
        self.kick()
        try:
            await self._answer.wait(ANSWERED_WITHIN)
        except BaseException:
            for slot in slots:
                slot.forgo()
            raise
        return slots

    def join(self, slot: PartitionSlot, *, first: bool = False) -> None:
        slot.begin(asyncio.get_running_loop().time())
        self._line.join(slot, first=first)
        self.kick()

    def give_back(self, permit: int) -> None:
        if permit not in self._held:
            return
        self._released[permit] = self._held.pop(permit)
        if self._line or self._wanted_elsewhere:
            self.kick()
        else:
            self._begin_talk()

    def kick(self) -> None:
        """There is something to say to Redis, or to hear from it."""
        self._kicked.set()
        self._begin_talk()

    def close(self) -> None:
        """Send away everybody in line; those inside stay."""
        self._closed = True
        self.send_away()

    def send_away(self) -> None:
        """Let those in line wait no longer whose flow key is refused; those inside stay."""
        self._line.send_away(self.refusal)
        self.kick()

    async def drained(self) -> None:
        """Everything that was to be given back has been."""
        for permit, timer in list(self._due.items()):
            timer.cancel()
            del self._due[permit]
            self.give_back(permit)
        self._kicked.set()
        if self._talking is not None:
            await asyncio.shield(self._talking)

    def refusal(self, flow_key: str) -> Exception | None:
        return GateClosed() if self._closed else self._refused(flow_key)

    def _begin_talk(self) -> None:
        if self._talking is None:
            self._talking = shared_task(self._talk())

    async def _talk(self) -> None:
        pause = 0.1
        try:
            while self._line or self._released:
                if not (self._line or self._wanted_elsewhere):
                    await self._wait(self._within)  # with others, or with what is asked for
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
        asking = self._answer.asked()
        try:
            return await self._exchanged()
        finally:
            self._line.tidy()
            self._answer.told(asking)

    async def _exchanged(self) -> float:
        live = self._live()
        waiting = self._line.tidy()
        wanted = [] if live.paused or self._closed else self._line.wanted(live.of_partition)
        released, number = self._released, self._number
        self._released, self._number = {}, number + len(wanted)
        names = dict.fromkeys([slot.partition for slot in wanted])
        names.update(dict.fromkeys(released.values()))
        try:
            found = await self._script.exchange(
                live.key,
                live.control,
                live.of_partitions(names),
                self._worker,
                wanted=[slot.partition for slot in wanted],
                holds=len(self._held),
                number=number,
                waiting=waiting,
                released=released,
            )
        except BaseException:
            self._released |= released
            raise
        self._wanted_elsewhere = found.wanted_elsewhere
        ask_in = POLL if found.ask_in is None else found.ask_in
        full: dict[str, float] = {}
        for slot, (start, partition_in) in zip(wanted, found.answers, strict=True):
            if start is not None:
                self._line.began(slot)
                self._grant(slot, number, start)
            elif partition_in is not None and slot.partition is not None:
                ask_in = min(ask_in, partition_in)
                full[slot.partition] = partition_in
            number += 1
        # What was given back here meanwhile the answer does not know, and the next one does.
        for name in self._released.values() if full else ():
            if name is not None and full.get(name) == math.inf:
                del full[name]
        if full:
            self._line.send_back(full, live.of_partition)
        return min(POLL, max(ask_in, 0.001))

    def _grant(self, slot: PartitionSlot, permit: int, start: float) -> None:
        self._held[permit] = slot.partition
        if start <= 0:
            self._admit(slot, permit, None)
        else:
            slot.promised, loop = True, asyncio.get_running_loop()
            due = loop.time() + start
            self._due[permit] = loop.call_later(start, self._admit, slot, permit, due)

    def _admit(self, slot: PartitionSlot, permit: int, due: float | None) -> None:
        if due is not None:
            self._due.pop(permit, None)
        if slot.waits and not self._closed:
            slot.settle(permit, due)
        else:
            self.give_back(permit)

    def too_late(self, slot: PartitionSlot) -> bool:
        if slot.due is None:
            return False
        live = self._live()
        of = OPEN if slot.partition is None else live.of_partition(slot.partition)
        return late(slot.due, live.control, of)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._kicked.wait()
