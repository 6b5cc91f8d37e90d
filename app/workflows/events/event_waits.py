"""Items that wait for events: what they ask for, how they begin to, and what they are given."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.config.event_names import NAME, NAME_FORM
from app.engine import Engine
from app.store.database import reading, transacted
from app.store.events import waits, wakes
from app.store.events.event_match import LONGEST_PLACE
from app.store.events.waits import EventWait
from app.store.events.wakes import AwaitedEvent
from app.store.group_commit import GroupCommit
from app.store.items import claims
from app.store.items.claims import ItemClaim
from app.store.steps import steps, suspension
from app.store.steps.steps import StepId, StepRecord
from app.workflows.contract.exceptions import StepMisused
from app.workflows.contract.steps.matched_event import AskedEvent, MatchedEvent
from app.workflows.failures.takeover import Superseded
from app.workflows.keys import id_fault
from app.workflows.messages import of_woken


@dataclass(frozen=True, slots=True)
class WantedEvent:
    """The event that a step waits for: of this ``name``, with ``value`` at the path ``place``,
    received at ``since`` or later; None: since the run began."""

    name: str
    place: str
    value: str
    since: datetime | None

    @property
    def shown(self) -> dict[str, str]:
        """For people."""
        return {"event": self.name, "match": self.place, "value": self.value}

    @property
    def key(self) -> tuple[str, str, str]:
        return self.name, self.place, self.value


def wanted_event(step: str, asked: AskedEvent, *, item_id: str) -> WantedEvent:
    """What an author's code asks for, which may be anything.

    Args:
        item_id: the value, where none is given.

    Raises:
        StepMisused: it cannot be meant.
    """
    name: object = asked.name
    place: object = asked.match
    value: object = item_id if asked.value is None else asked.value
    since: object = asked.since
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise StepMisused(f"An event's name has {NAME_FORM}; {name!r} has not.")
    if not (isinstance(place, str) and 0 < len(place) <= LONGEST_PLACE and all(place.split("."))):
        raise StepMisused(
            f"match of step {step!r} is a place in the event's data: names with dots between, such"
            f" as invoice.id, of at most {LONGEST_PLACE} characters; not {place!r}."
        )
    if isinstance(value, bool) or not isinstance(value, str | int | UUID):
        raise StepMisused(
            f"value of step {step!r} is text, a whole number or a UUID, and not"
            f" {type(value).__name__}."
        )
    for what, text in (("match", place), ("value", str(value))):
        fault = id_fault(text)
        if fault is not None:
            raise StepMisused(f"{what} of step {step!r} {fault}.")
    if since is not None and (not isinstance(since, datetime) or since.utcoffset() is None):
        raise StepMisused(
            f"since of step {step!r} is a datetime with a time zone, such as"
            f" datetime(2030, 1, 1, tzinfo=UTC), and not {since!r}."
        )
    return WantedEvent(name, place, str(value), since)


@dataclass(slots=True)
class _Entry:
    claim: ItemClaim
    wait: EventWait
    ours: bool = False
    written: bool = False
    told: str | None = None


class EventWaits:
    """Begins to wait, for many items in one transaction. One for a worker."""

    def __init__(self, database: AsyncEngine, engine: Engine) -> None:
        self._database = database
        self._engine = engine
        self._group = GroupCommit(self._commit)

    async def begin(self, claim: ItemClaim, wait: EventWait) -> str | None:
        """Write the wait: from the commit on, an event finds the step. Returns what the step
        remembers of an event that came before; None: it waits.

        Raises:
            Superseded: the item is not in our hands any more.
        """
        entry = _Entry(claim, wait)
        await self._group.add(entry)
        if not entry.ours:
            raise Superseded("Another worker has taken the item over.")
        if entry.written:
            return entry.told
        async with reading(self._database) as connection:
            found = await steps.find(connection, *wait.record.id)
        return None if found is None else found.result

    async def settle(self, step: StepId) -> None:
        """The time of a step is over: give it the event that came in time, if one has come and is
        on its way to very many."""
        async with reading(self._database) as connection:
            if await wakes.coming(connection, step) is None:
                return

        async def work(tx: AsyncConnection) -> None:
            found = await wakes.coming(tx, step)
            await give(tx, self._engine, [found] if found else ())

        await transacted(self._database, work)

    async def _commit(self, entries: Sequence[_Entry]) -> None:
        async with self._database.begin() as tx:
            await waits.hold(tx, [entry.wait for entry in entries])
            ours = await claims.held(tx, [entry.claim for entry in entries])
            live = [entry for entry in entries if entry.claim in ours]
            wanted = [entry.wait for entry in live]
            if not wanted:
                return
            found = await waits.look_back(tx, wanted)
            written = await waits.begin(tx, wanted, found)
            given = [(found[at].seq, at[:2]) for at in written if at in found]
            if given:
                await wakes.mark(tx, given)
        for entry in live:
            step = entry.wait.record.id
            entry.ours, entry.written = True, step in written
            entry.told = found[step].told if step in found else None


@dataclass(slots=True)
class ItemEvents:
    """Of one delivery of an item: which events it has had already."""

    _waits: EventWaits
    _taken: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    async def begin(
        self, claim: ItemClaim, record: StepRecord, wanted: WantedEvent, origin: str
    ) -> str | None:
        """See ``EventWaits.begin``.

        Args:
            origin: the first run of the chain of retries.
        """
        taken = tuple(self._taken.get(wanted.key, ()))
        wait = EventWait(record, *wanted.key, wanted.since, origin, taken)
        return await self._waits.begin(claim, wait)

    async def settle(self, record: StepRecord) -> None:
        """See ``EventWaits.settle``."""
        await self._waits.settle(record.id)

    def taken(self, wanted: WantedEvent, told: str | None) -> MatchedEvent | None:
        """The event that a step remembers; None: none came in time."""
        if told is None:
            return None
        event = json.loads(told)
        self._taken.setdefault(wanted.key, []).append(event["seq"])
        at = datetime.fromisoformat(event["at"])
        return MatchedEvent(event["id"], event["name"], event["data"], at)


async def give(tx: AsyncConnection, engine: Engine, found: Sequence[AwaitedEvent]) -> Counter[int]:
    """Let items go on that wait for these events. Returns how many each event woke, by ``seq``.

    Rows are locked in one order: items that are suspended, steps, messages, events.
    """
    if not found:
        return Counter()
    while True:
        async with tx.begin_nested() as attempt:
            held = await suspension.hold(tx, {one.item for one in found})
            given = await wakes.answer(tx, found)
            # Of an item that some delivery has in hand, that delivery finds the event. Had it just
            # been suspended when its step was answered, we would have to lock it behind the step.
            others = {one.item for one in given} - held
            if others and await suspension.suspended_among(tx, others):
                await attempt.rollback()
                continue
            woken = await suspension.go_on(tx, held & {one.item for one in given})
        break
    if woken:
        await engine.publish(tx, of_woken(woken))
    items = {(one.seq, one.item) for one in given}
    if items:
        await wakes.mark(tx, items)
    return Counter(seq for seq, _ in items)
