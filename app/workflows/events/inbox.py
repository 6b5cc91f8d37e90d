"""Taking events: each once, and what they ask for, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.faults import Fault
from app.errors import BadInput
from app.store.database import transacted
from app.store.events import inbox, starts, wakes
from app.store.events.inbox import NewEventRow
from app.store.events.starts import StartKey, WantedStart
from app.store.runs import idempotency
from app.store.runs.idempotency import IdempotentCall
from app.store.tables.base import Json, made_now
from app.workflows.events.event_waits import give
from app.workflows.events.subscriptions import AskedItem, Subscription, Subscriptions
from app.workflows.events.waker import EventWaker
from app.workflows.keys import new_id

log = structlog.get_logger("sluice.event")


@dataclass(frozen=True, slots=True)
class SentEvent:
    """``id``: its sender's; None: it has none, and is another one each time. ``at``: None: now."""

    name: str
    data: Json
    id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventReceipt:
    """What became of an event. ``duplicate``: it was there already, and nothing was done.
    ``asks``: the families, and of each the item. ``woke``: items that waited for it; of very many,
    those that have gone on so far."""

    name: str
    id: str
    duplicate: bool
    unmatched: bool
    asks: Sequence[tuple[str, str]]
    woke: int


@dataclass(frozen=True, slots=True)
class TakenEvents:
    """``replayed``: an earlier call with the same key had sent them."""

    receipts: Sequence[EventReceipt]
    replayed: bool = False


class UnusableEvent(BadInput):
    """``number``: which of those that came together; ``field`` is the place within its data."""

    def __init__(self, number: int, refused: BadInput) -> None:
        super().__init__(refused.detail, field=refused.field)
        self.number = number


@dataclass(slots=True)
class _Read:
    """An event as it came, and what it asks for."""

    row: NewEventRow
    asks: list[tuple[Subscription, AskedItem]] = field(default_factory=list)
    duplicate: bool = False
    woke: int = 0
    seq: int | None = None


@dataclass(slots=True)
class _Written:
    """``asked``: families are. ``waking``: names of events that very many wait for."""

    asked: bool = False
    waking: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class EventInbox:
    """
    Args:
        at_once: starts what is due, where no worker is there to do so.
    """

    database: AsyncEngine
    waker: EventWaker
    subscriptions: Subscriptions
    at_once: Callable[[], Awaitable[object]] | None = None
    _fault: Fault = field(default_factory=lambda: Fault(log, "event_starter_stumbled"))

    async def take(
        self,
        sent: Sequence[SentEvent],
        *,
        sender: str,
        once: IdempotentCall | None = None,
        lenient: bool = False,
    ) -> TakenEvents:
        """Accept all of these events, or none.

        Args:
            once: the caller's idempotency key: events without an id of their own have one by it.
            lenient: what a family cannot use is taken all the same, and told with the event.

        Raises:
            UnusableEvent: a family cannot use one of them.
            FamilyFailed: a family's own code raised something else.
            BadInput: the idempotency key was used for another call.
        """
        read = [
            self._read(number, one, once, sender=sender, lenient=lenient)
            for number, one in enumerate(sent)
        ]
        written = await transacted(self.database, lambda tx: self._written(tx, read, once, sender))
        if written is None:
            return TakenEvents([_receipt(one, duplicate=True) for one in read], replayed=True)
        if written.waking:
            woke = await self.waker.go_on(written.waking)
            for one in read:
                if one.seq is not None:
                    one.woke += woke[one.seq]
        if written.asked and self.at_once is not None:
            try:
                await self.at_once()
                self._fault.over()
            except Exception as error:  # noqa: BLE001 - they are taken, and the next tick starts them
                self._fault.seen(error)
        return TakenEvents([_receipt(one, duplicate=one.duplicate) for one in read])

    def _read(
        self,
        number: int,
        sent: SentEvent,
        once: IdempotentCall | None,
        *,
        sender: str,
        lenient: bool,
    ) -> _Read:
        matching = self.subscriptions.to(sent.name)
        event_id = sent.id or (new_id("evt") if once is None else _id_by(once, number))
        row = NewEventRow(sent.name, event_id, sent.data, sent.at or made_now(), not matching)
        read, refusals = _Read(row), []
        for subscription in matching:
            try:
                asked = subscription.asked(sent.data)
            except BadInput as refused:
                if not lenient:
                    raise UnusableEvent(number, refused) from None
                refusals.append(refused.detail)
                continue
            if asked is not None:
                read.asks.append((subscription, asked))
        if refusals:
            read.row = replace(row, detail=" ".join(refusals)[:2_000])
            log.warning("event_not_usable", name=row.name, sender=sender, reason=read.row.detail)
        return read

    async def _written(
        self, tx: AsyncConnection, read: Sequence[_Read], once: IdempotentCall | None, sender: str
    ) -> _Written | None:
        """Write the events; None: an earlier call has sent them."""
        if once is not None and await _is_replayed(tx, once):
            return None
        return await self._write(tx, read, sender)

    async def _write(self, tx: AsyncConnection, read: Sequence[_Read], sender: str) -> _Written:
        first: dict[tuple[str, str], _Read] = {}
        for one in read:
            # Of two with the same id in one call the first counts.
            one.duplicate = first.setdefault(one.row.key, one) is not one
        added = await inbox.add(tx, [one.row for one in first.values()], sender=sender)
        wanted: dict[StartKey, WantedStart] = {}
        for key, one in first.items():
            one.duplicate = key not in added
            if not one.duplicate:
                one.row = replace(one.row, unmatched=added[key].unmatched)
                for start in _wanted(one):
                    there = wanted.get(start.key)
                    wanted[start.key] = start if there is None else there.joined(start)
        if wanted:
            numbers = await starts.add(tx, wanted.values())
            await inbox.link(
                tx,
                {
                    event.seq: [numbers[start.key] for start in _wanted(first[key])]
                    for key, event in added.items()
                    if first[key].asks
                },
            )
        waking: Sequence[str] = ()
        if added:
            seqs = [event.seq for event in added.values()]
            found = await wakes.find(tx, seqs)
            if len(found) > wakes.AT_ONCE:
                await wakes.put_off(tx, seqs)
                waking = sorted({name for name, _ in added})
                found = ()
            woke = await give(tx, self.waker.engine, found)
            for key, event in added.items():
                first[key].seq, first[key].woke = event.seq, woke[event.seq]
        return _Written(bool(wanted), waking)


def _wanted(read: _Read) -> list[WantedStart]:
    return [
        WantedStart(
            subscription.start_key(asked),
            asked.params.json,
            asked.params.version,
            read.row.at,
            1,
            subscription.wait,
            subscription.longest,
        )
        for subscription, asked in read.asks
    ]


def _receipt(read: _Read, *, duplicate: bool) -> EventReceipt:
    return EventReceipt(
        name=read.row.name,
        id=read.row.event_id,
        duplicate=duplicate,
        unmatched=read.row.unmatched and not read.woke,
        asks=[(one.bound.name, asked.item_id) for one, asked in read.asks],
        woke=read.woke,
    )


async def _is_replayed(tx: AsyncConnection, once: IdempotentCall) -> bool:
    return (await idempotency.claim(tx, once, new_id("evt"))).replayed


def _id_by(once: IdempotentCall, number: int) -> str:
    """The same whenever the call is repeated."""
    told = "\0".join((once.caller, once.key, str(number)))
    return f"evt_{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"
