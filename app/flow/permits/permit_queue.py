"""One flow key in one worker: who waits here, what is held here, and the exchange with Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from app.config.priorities import BULK_SHARE, ORDINARY
from app.connections.shared_tasks import shared_task
from app.flow.gate import GateClosed
from app.flow.lateness import late
from app.flow.overrides import LiveControl
from app.flow.permits.kept_permits import KeptPermits
from app.flow.permits.promised_starts import PromisedStarts
from app.flow.permits.unsaid import Unsaid
from app.flow.permits.waiting_line import WaitingLine
from app.flow.redis_script import GateScript

POLL = 0.25
"""Seconds. Behind the wake-up calls: a queue with waiters asks at least so often."""
MOST_WANTED = 200


class PermitQueue:
    """The items of one worker wait here in line, so that a full key costs no poll per item. A slot
    whose item ends goes straight to the next one in line, or to one that comes in moments, without
    a round trip: the number at work stays the same. Redis is told soon after, and answers how many
    slots this worker should rather give back: the limit was lowered, or others wait.
    """

    def __init__(
        self,
        script: GateScript,
        worker: str,
        live: Callable[[], LiveControl],
        refused: Callable[[str], Exception | None],
        share: float = BULK_SHARE,
    ) -> None:
        self._script = script
        self._worker = worker
        self._live = live
        self._refused = refused  # what who may not start is told, by flow key
        self._line = WaitingLine(share)
        self._held: set[str] = set()
        self._unsaid = Unsaid()
        self._kept = KeptPermits(self._give_back)
        self._owed = self._number = 0
        self._promised = PromisedStarts(self._admit)
        self._kicked = asyncio.Event()
        self._talking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def held(self) -> list[str]:
        return list(self._held)

    @property
    def idle(self) -> bool:
        """Nobody waits, nothing is held, and there is nothing left to say."""
        return not (self._line or self._held or self._unsaid.released or self._talking)

    @property
    def ready(self) -> bool:
        """Whether whoever comes now begins at once."""
        return len(self._kept) > 0 and self._may_hand_on()

    async def renew(self) -> None:
        renewed = self.held
        try:
            await self._script.renew(self._live().key, renewed)
        finally:  # one that was given back meanwhile may have been taken up again
            self._unsaid.released += [one for one in renewed if one not in self._held]
            self.kick()

    async def enter(self, flow_key: str = "", priority: int = ORDINARY) -> str:
        """Wait for a permit.

        Args:
            flow_key: whose turn it is; several may share the limit.

        Raises:
            GateClosed: the gate was closed first, or the flow key is held.
        """
        if self.ready:
            self._unsaid.levels |= 1 << priority
            self._hand_on()
            return self._kept.take()
        place = self._line.join(flow_key, priority)
        if self._line.led_by(priority):
            self.kick()  # behind others in line, asking again would change nothing
        while True:
            try:
                permit, due = await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled() and place.exception() is None:
                    self.leave(place.result()[0])
                raise
            if not self._too_late(due):
                return permit
            self._give_back(permit)  # the loop was busy: those that follow would come too close
            if (refusal := self._refusal(flow_key)) is not None:
                raise refusal
            place = self._line.join(flow_key, priority, first=True)

    def leave(self, permit: str) -> bool:
        """Returns whether the next in line begins on this very slot."""
        if self._may_hand_on():
            following = self._line.next()
            if following is not None:
                self._hand_on()
                following.set_result((permit, None))
                return True
            self._kept.keep(permit)
            return False
        self._owed = max(0, self._owed - 1)
        self._give_back(permit)
        return False

    def kick(self, *, asked: bool = False) -> None:
        """There is something to say to Redis, or to hear from it. ``asked``: another worker waits
        for slots, and some may be held here."""
        self._unsaid.asked = self._unsaid.asked or (asked and bool(self._held))
        self._kicked.set()
        self._begin_talk()

    def close(self) -> None:
        """Send away everybody in line; those inside stay."""
        self._closed = True
        self._kept.give_back(len(self._kept))
        self.send_away()

    def send_away(self) -> None:
        """Let those in line wait no longer whose flow key is refused; those inside stay."""
        self._line.send_away(self._refusal)
        self.kick()

    def _refusal(self, flow_key: str) -> Exception | None:
        return GateClosed() if self._closed else self._refused(flow_key)

    async def drained(self) -> None:
        """Everything that was to be given back has been."""
        for permit in self._promised.cancel():
            self._give_back(permit)
        self._kept.give_back(len(self._kept))
        self._kicked.set()
        if self._talking is not None:
            await asyncio.shield(self._talking)

    def _may_hand_on(self) -> bool:
        """Whether a slot that is free may begin another item without asking Redis."""
        live = self._live()
        return not (self._owed or self._closed or live.paused or live.control.interval)

    def _hand_on(self) -> None:
        self._unsaid.handed += 1
        self._begin_talk()

    def _give_back(self, permit: str) -> None:
        self._held.discard(permit)
        self._unsaid.released.append(permit)
        self.kick()

    def _begin_talk(self) -> None:
        if self._talking is None:
            self._talking = shared_task(self._talk())

    async def _talk(self) -> None:
        pause = 0.1
        try:
            while self._line or self._unsaid:
                if not self._line and self._unsaid.waits:
                    await self._wait(POLL)  # many are told of together
                self._kicked.clear()
                try:
                    ask_in = await self._exchange()
                    pause = 0.1
                    self._script.fault.over()
                except Exception as error:  # noqa: BLE001 - told, and the queue must go on
                    # Closed while Redis is away: work waits, and nothing that was held is lost.
                    self._script.fault.seen(error, key=self._live().key)
                    if self._closed:
                        return  # the leases end by themselves
                    ask_in, pause = pause, min(pause * 2, 2.0)
                    await asyncio.sleep(ask_in)
                    continue
                if self._line:
                    await self._wait(ask_in)
        finally:
            self._talking = None

    async def _exchange(self) -> float:
        """One round trip. Returns the seconds after which to ask again."""
        live = self._live()
        self._line.tidy()
        if live.open and not self._unsaid.released:
            self._unsaid = Unsaid()
            while (place := self._line.next()) is not None:
                place.set_result(("", None))
            return POLL
        stopped = live.paused or self._closed
        want = 0 if stopped else min(max(0, len(self._line) - len(self._promised)), MOST_WANTED)
        said, self._unsaid = self._unsaid, Unsaid()
        number, self._number = self._number, self._number + want
        try:
            granted = await self._script.exchange(
                live.key,
                live.control,
                self._worker,
                want=want,
                holds=len(self._held),
                number=number,
                handed=said.handed,
                levels=[] if stopped else self._line.levels(self._promised, said.levels),
                released=said.released,
            )
        except BaseException:
            self._unsaid = said.before(self._unsaid)
            raise
        self._kept.scarce = granted.excess > 0 or len(granted.starts) < want
        self._owed = min(granted.excess, len(self._held) + len(granted.starts))
        surplus = min(self._owed, len(self._kept))
        self._owed -= surplus
        self._kept.give_back(surplus)
        for offset, start in enumerate(granted.starts):
            permit = f"{self._worker}:{number + offset}"
            priority = granted.levels[offset] if granted.levels else None
            self._held.add(permit)
            if start <= 0:
                self._admit(permit, None, priority)
            else:
                self._promised.add(permit, start, priority)
        return POLL if granted.ask_in is None else min(POLL, max(granted.ask_in, 0.001))

    def _admit(self, permit: str, due: float | None, priority: int | None) -> None:
        """Let the first in line start: of this priority, or whoever it is."""
        following = None if self._closed else self._line.next(priority)
        if following is None:
            self._give_back(permit)
        else:
            following.set_result((permit, due))

    def _too_late(self, due: float | None) -> bool:
        return due is not None and late(due, self._live().control)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._kicked.wait()
