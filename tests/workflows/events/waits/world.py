"""Deliveries of items that wait for events, taken apart into their transactions, and a model of
what must come of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from app.store import retention
from app.store.events import inbox, wakes
from app.store.events.inbox import NewEventRow
from app.store.events.waits import EventWait
from app.store.events.wakes import AwaitedEvent
from app.store.items.claims import ItemClaim
from app.store.items.outcomes import ItemOutcome
from app.store.runs import runs
from app.store.statuses import ItemStatus, StepKind, StepStatus
from app.store.steps import steps
from app.store.steps.steps import StepRecord
from app.store.tables.base import made_now
from app.store.tables.runs import Run
from app.workflows.attempts.attempt_result import unix_us
from app.workflows.attempts.delivery_result import DeliveryResult
from app.workflows.events.event_waits import EventWaits, give
from app.workflows.events.inbox import SentEvent
from app.workflows.failures.takeover import Superseded
from app.workflows.keys import item_message
from app.workflows.layers.item_claims import ItemClaimer
from app.workflows.layers.outcome_writer import OutcomeWriter
from app.workflows.steps.journal import StepJournal
from app.workflows.steps.suspension import PendingWait
from app.workflows.steps.timers import WakeUpTimers
from tests.support.service import Sluice
from tests.workflows.events.invoices import PAID

FAMILY = "awaiting"
PLACE = "invoice.id"
LONG = timedelta(hours=1)
OPEN = (ItemStatus.PENDING, ItemStatus.SUSPENDED)
CHECKED = """
    SELECT
        (SELECT json_agg(json_build_array(run_id, item_id, status, due_at <= now()))
         FROM sluice.item),
        (SELECT json_agg(id) FROM sluice.{queue}),
        (SELECT json_agg(json_build_array(run_id, item_id, name, status,
             (result::json ->> 'seq')::bigint)) FROM sluice.step),
        (SELECT json_agg(json_build_array(id, suspended, succeeded, cancelled)) FROM sluice.run)
"""
Place = tuple[str, str]
"""A run and an item."""


@dataclass(frozen=True)
class Asked:
    """A wait of an item's code: for which value, and whether for an hour at the most."""

    value: str
    limited: bool


@dataclass
class Wait:
    """What must have become of it. ``owed``: the event that is on its way to it. ``over``: its time
    is."""

    asked: Asked
    done: bool = False
    got: int | None = None
    owed: int | None = None
    over: bool = False

    def end(self, seq: int | None) -> None:
        self.done, self.got, self.owed = True, seq, None


@dataclass
class ItemModel:
    """``waits``: those that have begun. ``due``: it is suspended, and may be taken."""

    script: Sequence[Asked]
    status: ItemStatus = ItemStatus.PENDING
    waits: list[Wait] = field(default_factory=list)
    due: bool = False

    @property
    def open(self) -> Wait | None:
        """The wait that is not over."""
        last = self.waits[-1] if self.waits else None
        return last if last is not None and not last.done and self.status in OPEN else None

    def give(self, seq: int | None) -> None:
        assert self.open is not None
        self.open.end(seq)
        self.due = self.status is ItemStatus.SUSPENDED


@dataclass
class Hand:
    """A delivery that has an item. ``had``: the events by value. ``at``: the wait it stands at."""

    claim: ItemClaim
    had: dict[str, list[int]] = field(default_factory=dict)
    at: int = 0
    waits: bool = False


class WaitWorld:
    """The store, as the layers use it, and the model beside it.

    Args:
        queue: the table of the engine's messages.
    """

    def __init__(self, sluice: Sluice, queue: str = "message") -> None:
        self.sluice = sluice
        self.queue = queue
        service, ledger = sluice.service, sluice.service.pools.ledger
        self.waits, self.journal = EventWaits(ledger, service.engine), StepJournal(ledger)
        self.claimer = ItemClaimer(
            ledger, service.engine, WakeUpTimers(ledger, look_ahead=1_000), "worker"
        )
        self.writer = OutcomeWriter(
            ledger, service.engine, service.reconciler.lifecycle, look_ahead=1_000,
            changed=lambda _run: None, windows=service.reconciler.windows,
        )  # fmt: skip
        self.tokens = count(1_000)

    async def clear(self) -> None:
        tables = ("run", "item", "step", "run_event", self.queue, "event", "event_place")
        named = ", ".join(f"sluice.{table}" for table in (*tables, "event_value"))
        await self.sluice.sql(f"TRUNCATE {named}")
        self.items: dict[Place, ItemModel] = {}
        self.events: dict[int, str] = {}
        """Those that are there: value by ``seq``."""
        self.old: set[int] = set()
        self.hands: dict[Place, Hand] = {}
        self.stale: list[Hand] = []
        self.page: list[AwaitedEvent] = []
        self.waking = False
        self.last = 0

    async def start(
        self, run_id: str, scripts: dict[str, Sequence[Asked]], origin: str | None = None
    ) -> None:
        run = Run(
            id=run_id, family=FAMILY, status="running", started_by="test", paged=True,
            scheduled=len(scripts), started_at=datetime.now(UTC), origin=origin,
        )  # fmt: skip
        async with self.sluice.service.database.begin() as tx:
            await runs.insert_run(tx, run)
        await self.sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status)"
            " SELECT :run, unnest(CAST(:ids AS text[])), 'pending'",
            run=run_id, ids=list(scripts),
        )  # fmt: skip
        self.items |= {(run_id, one): ItemModel(script) for one, script in scripts.items()}

    async def retry(self, former: str, run_id: str) -> None:
        """Of what was cancelled: a run that goes on from what is remembered."""
        old = {
            place[1]: item
            for place, item in self.items.items()
            if place[0] == former and item.status is ItemStatus.CANCELLED
        }
        scripts = {item_id: item.script for item_id, item in old.items()}
        origin = (await self.sluice.run(former)).origin or former
        await self.start(run_id, scripts, origin)
        async with self.sluice.service.database.begin() as tx:
            await steps.carry_over(tx, former, run_id, list(scripts))
        for item_id, item in old.items():
            done = [Wait(wait.asked, True, wait.got) for wait in item.waits if wait.done]
            self.items[run_id, item_id].waits = done

    # What a delivery does.

    async def claim(self, place: Place) -> None:
        """A message has come: take the item in hand, also out of another delivery's."""
        run_id, item_id = place
        token = (next(self.tokens), 1)
        hand = await self.claimer.take(run_id, [item_id], token)
        if hand.left is None:  # else it comes again
            await self.sluice.sql(
                f"DELETE FROM sluice.{self.queue} WHERE id = :id",  # noqa: S608
                id=item_message(run_id, item_id),
            )
        item = self.items[place]
        free = item.status is ItemStatus.PENDING
        if item.status is ItemStatus.SUSPENDED and item.due:
            wait = item.open
            if wait is not None and wait.over and wait.owed is None:
                wait.end(None)
            free = item.open is None
        assert bool(hand.items) == free, (item, hand)
        if free:
            if place in self.hands:
                self.stale.append(self.hands[place])
            item.status, item.due = ItemStatus.PENDING, False
            self.hands[place] = Hand(ItemClaim(run_id, item_id, token))

    async def move(self, hand: Hand) -> None:
        """The item's code goes on to its next wait, or ends."""
        place = hand.claim.place
        item = self.items[place]
        ours = self.hands.get(place) is hand
        known = await self.journal.of_item(*place)
        while hand.at < len(item.script) and (step := known.get(f"w{hand.at}")) and step.done:
            self._noted(hand, item.waits[hand.at])
            hand.at += 1
        if hand.at == len(item.script):
            await self._end(hand, ItemStatus.SUCCEEDED)
            return
        asked, record = item.script[hand.at], self._record(hand)
        entry = known.get(record.name)
        if entry is None:
            await self._begin(hand, item, asked, record, ours=ours)
        elif entry.left is not None and entry.left <= timedelta(0):
            await self._time_out(hand, item, record, ours=ours)
        else:
            hand.waits = True

    async def deliver(self, place: Place) -> None:
        """All of it, as far as it comes."""
        await self.claim(place)
        while (hand := self.hands.get(place)) is not None and not hand.waits:
            await self.move(hand)
        if hand is not None:
            await self.suspend(hand)

    async def _begin(
        self, hand: Hand, item: ItemModel, asked: Asked, record: StepRecord, *, ours: bool
    ) -> None:
        had = tuple(hand.had.get(asked.value, ()))
        record.due_in = LONG if asked.limited else None
        run = await self.sluice.run(record.run_id)
        wait = EventWait(
            record, PAID, PLACE, asked.value, None, run.origin or run.id, had
        )  # fmt: skip
        try:
            told = await self.waits.begin(hand.claim, wait)
        except Superseded:
            assert not ours
            return
        assert ours
        fresh = self.events.keys() - self.old
        before = [seq for seq in fresh if self.events[seq] == asked.value]
        first = next((seq for seq in sorted(before) if seq not in had), None)
        assert (told is not None) == (first is not None)
        item.waits.append(Wait(asked))
        if first is not None:
            item.give(first)
        hand.waits = told is None

    async def _time_out(
        self, hand: Hand, item: ItemModel, record: StepRecord, *, ours: bool
    ) -> None:
        """In hand, without being suspended."""
        record.status, record.finished_at = StepStatus.DONE, datetime.now(UTC)
        await self.waits.settle(record.id)
        if (wait := item.open) is not None and wait.owed is not None:
            item.give(wait.owed)
        try:
            await self.journal.remember(hand.claim, record)
        except Superseded:
            assert not ours
            return
        if item.open is not None:
            item.give(None)

    async def suspend(self, hand: Hand) -> None:
        """The item's code waits, and nothing else of it is at work."""
        place = hand.claim.place
        item = self.items[place]
        record = self._record(hand)
        limited = item.script[hand.at].limited
        wait = item.open
        left = LONG if limited else None
        if wait is not None and wait.over:
            left = timedelta(0)
        record.due_in = left
        ours = self.hands.get(place) is hand
        await self._end(hand, ItemStatus.SUSPENDED, [PendingWait(record, left, fresh=False)])
        if ours and item.status is ItemStatus.SUSPENDED:
            # It may have had its event since it looked.
            item.due = item.open is None or item.open.over

    async def _end(self, hand: Hand, status: ItemStatus, waits: Sequence[PendingWait] = ()) -> None:
        place = hand.claim.place
        now = unix_us()
        due_in = waits[0].left if waits else None
        outcome = ItemOutcome(
            *place, *hand.claim.token, status, 1, 0, False, None, None, None, None, None, None,
            0.0, 0, now, now if not waits else None, 1, due_in,
        )  # fmt: skip
        await self.writer.write(DeliveryResult(FAMILY, outcome, waits=waits))
        if self.hands.get(place) is hand:
            del self.hands[place]
            self.items[place].status = status
        elif hand in self.stale:
            self.stale.remove(hand)

    def _noted(self, hand: Hand, wait: Wait) -> None:
        assert wait.done
        if wait.got is not None:
            hand.had.setdefault(wait.asked.value, []).append(wait.got)

    @staticmethod
    def _record(hand: Hand) -> StepRecord:
        now = datetime.now(UTC)
        name, status = f"w{hand.at}", StepStatus.WAITING
        return StepRecord(
            *hand.claim.place, name, StepKind.EVENT, status, hand.at + 1, True, 1, now
        )

    # What others do.

    async def send(self, values: Sequence[str], ids: Sequence[str]) -> None:
        sent = [
            SentEvent(PAID, {"invoice": {"id": value}}, event_id)
            for value, event_id in zip(values, ids, strict=True)
        ]
        taken = await self.sluice.service.api.events.inbox.take(sent, sender="test")
        fresh = {
            await self._seq(receipt.id): (receipt, value)
            for receipt, value in zip(taken.receipts, values, strict=True)
            if not receipt.duplicate
        }
        for seq in sorted(fresh):
            receipt, value = fresh[seq]
            assert receipt.woke == self._came(seq, value)

    async def send_to_very_many(self, value: str, event_id: str) -> None:
        """As if more waited than one transaction wakes; and its sender is gone."""
        row = NewEventRow(PAID, event_id, {"invoice": {"id": value}}, made_now(), unmatched=True)
        async with self.sluice.service.pools.ledger.begin() as tx:
            added = await inbox.add(tx, [row], sender="test")
            seqs = [one.seq for one in added.values()]
            if not seqs:
                return
            await wakes.find(tx, seqs)
            await wakes.put_off(tx, seqs)
        [seq] = seqs
        self.events[seq], self.waking = value, True
        for item in self.items.values():
            if (wait := item.open) is not None and wait.asked.value == value:
                wait.owed = wait.owed or seq

    def _came(self, seq: int, value: str) -> int:
        """How many items go on with it."""
        self.events[seq] = value
        given = 0
        for item in self.items.values():
            wait = item.open
            if wait is not None and wait.asked.value == value and wait.owed is None:
                item.give(seq)
                given += 1
        return given

    async def _seq(self, event_id: str) -> int:
        [[seq]] = await self.sluice.sql(
            "SELECT seq FROM sluice.event WHERE event_id = :id", id=event_id
        )
        return int(seq)

    async def look(self) -> None:
        """Somebody is about to give what is on its way, and knows to whom."""
        async with self.sluice.service.pools.ledger.begin() as tx:
            events = await wakes.unfinished(tx, PAID)
            self.page = list(await wakes.page(tx, events, after=("", "", "")) if events else ())
        owed = [(place, wait.owed) for place, wait in self._owed()]
        assert [(one.item, one.seq) for one in self.page] == sorted(owed)

    async def wake_one(self) -> None:
        """Of those who were to be given it when somebody looked; and whoever does it is gone."""
        if not self.page:
            await self.look()
        if not self.page:
            return
        first = self.page.pop(0)
        item = self.items[first.item]
        waits = item.open is not None and item.open is item.waits[int(first.step[2][1:])]
        async with self.sluice.service.pools.ledger.begin() as tx:
            assert await wakes.hold(tx, PAID)
            woke = await give(tx, self.sluice.service.engine, [first])
        assert woke == ({first.seq: 1} if waits else {})
        if waits:
            item.give(first.seq)

    async def wake_all(self) -> None:
        await self.sluice.service.api.events.inbox.waker.wake_all()
        self.waking = False
        for place, wait in list(self._owed()):
            self.items[place].give(wait.owed)

    def _owed(self) -> Iterable[tuple[Place, Wait]]:
        for place, item in self.items.items():
            if (wait := item.open) is not None and wait.owed is not None:
                yield place, wait

    async def pass_by(self, place: Place) -> None:
        """The hour is over for which an item waits."""
        item = self.items[place]
        wait = item.open
        if wait is None or not wait.asked.limited:
            return
        values = {"run": place[0], "item": place[1]}
        for table in ("item", "step"):
            await self.sluice.sql(
                f"UPDATE sluice.{table} SET due_at = now() - interval '1 s' WHERE run_id = :run"  # noqa: S608
                " AND item_id = :item AND due_at IS NOT NULL",
                **values,
            )
        wait.over = True
        item.due = item.status is ItemStatus.SUSPENDED

    async def prune(self) -> None:
        """All that has come is old, also what is on its way, which stays: who begins to wait does
        not look so far back."""
        for table in ("event", "event_value"):
            await self.sluice.sql(
                f"UPDATE sluice.{table} SET received_at = received_at - interval '40 days'"  # noqa: S608
            )
        await retention.prune_events(self.sluice.service.database, timedelta(days=30))
        [[left]] = await self.sluice.sql("SELECT array_agg(seq::text) FROM sluice.event")
        self.events = {seq: value for seq, value in self.events.items() if str(seq) in (left or ())}
        self.old = set(self.events)

    def cancelled(self, run_id: str) -> None:
        for place, item in self.items.items():
            if place[0] == run_id and item.status in OPEN:
                item.status, item.due = ItemStatus.CANCELLED, False
                if (hand := self.hands.pop(place, None)) is not None:
                    self.stale.append(hand)

    async def check(self) -> None:
        """The rows say what the model says."""
        [[items, messages, found, counters]] = await self.sluice.sql(
            CHECKED.format(queue=self.queue)
        )
        messages, found = messages or (), found or ()
        assert len(items) == len(self.items)
        for run_id, item_id, status, due in items:
            item = self.items[run_id, item_id]
            assert status == item.status, (item_id, item)
            if status == ItemStatus.SUSPENDED:
                assert bool(due) == item.due, (item_id, item)
                if self._comes_again(item):
                    assert item_message(run_id, item_id) in messages, (item_id, item)
        told = {
            (*place, f"w{number}"): ("done" if wait.done else "waiting", wait.got)
            for place, item in self.items.items()
            for number, wait in enumerate(item.waits)
        }
        assert {tuple(row[:3]): (row[3], row[4]) for row in found} == told
        for run_id, suspended, succeeded, cancelled in counters:
            stand = [item.status for place, item in self.items.items() if place[0] == run_id]
            counted = [
                stand.count(ItemStatus(one)) for one in ("suspended", "succeeded", "cancelled")
            ]
            assert counted == [suspended, succeeded, cancelled]

    @staticmethod
    def _comes_again(item: ItemModel) -> bool:
        """Nobody else takes it: a message must be on its way."""
        wait = item.open
        return wait is None or (wait.asked.limited and not (wait.over and wait.owed is not None))
