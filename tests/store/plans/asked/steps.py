"""Steps, the items that wait for them, and the events that some of them wait for."""

from __future__ import annotations

from collections.abc import Mapping

from app.store.events import inbox, starts, waits, wakes
from app.store.events.inbox import NewEventRow
from app.store.events.starts import StartKey, TakenStart, WantedStart
from app.store.events.waits import EventWait
from app.store.events.wakes import AwaitedEvent
from app.store.items.claims import ItemClaim
from app.store.notifications.outbox import tell_suspended
from app.store.statuses import StepKind, StepStatus
from app.store.steps import outputs, steps, suspension
from app.store.steps.outputs import OutputChunk
from app.store.steps.steps import StepRecord
from tests.store.plans.asked.wanted import DAY, NOW, RUN, Asked, Wanted


def step(item: str, name: str, kind: StepKind = StepKind.RUN) -> StepRecord:
    return StepRecord(RUN, item, name, kind, StepStatus.WAITING, 2, True, 1, NOW)


def both(wanted: Wanted) -> list[StepRecord]:
    """New ones, and some that are there."""
    return [step(item, name) for item in wanted.pending for name in ("new", "paid")]


def waiting(wanted: Wanted) -> list[EventWait]:
    return [
        EventWait(step(item, "new", StepKind.EVENT), "paid", "id", item, NOW - DAY, RUN, ())
        for item in wanted.pending
    ]


def awaited(wanted: Wanted) -> list[AwaitedEvent]:
    return [AwaitedEvent(*one) for one in zip(sorted(wanted.steps), wanted.waiting, strict=True)]


def events(wanted: Wanted) -> list[NewEventRow]:
    """New ones, and some that are there."""
    ids = [*map(str, wanted.waiting), *(f"new{n}" for n in wanted.numbers)]
    return [NewEventRow("paid", one, {}, NOW, unmatched=True) for one in ids]


BY_KEY: Mapping[str, Asked] = {
    "remember": lambda tx, w: steps.remember(tx, both(w)),
    "answered among": lambda tx, w: steps.answered_among(tx, w.steps),
    "settled among": lambda tx, w: steps.settled_among(tx, w.steps),
    "carry over": lambda tx, w: steps.carry_over(tx, RUN, w.run, w.pending),
    "lock": lambda tx, w: suspension.lock(tx, w.suspended),
    "suspended among": lambda tx, w: suspension.suspended_among(tx, w.suspended),
    "go on": lambda tx, w: suspension.go_on(tx, w.suspended),
    "wake": lambda tx, w: suspension.wake(tx, [ItemClaim(*one, (9, 1)) for one in w.suspended]),
    "tell that they wait": lambda tx, w: tell_suspended(tx, w.suspended),
    "write output": lambda tx, w: outputs.write(
        tx, [OutputChunk(RUN, item, 1, "1") for item in w.pending]
    ),
    "look back": lambda tx, w: waits.look_back(tx, waiting(w)),
    "begin to wait": lambda tx, w: waits.begin(tx, waiting(w), {}),
    "add events": lambda tx, w: inbox.add(tx, events(w), sender="test"),
    "link events": lambda tx, w: inbox.link(tx, {seq: [1] for seq in w.waiting}),
    "find who waits": lambda tx, w: wakes.find(tx, w.waiting),
    "page of who waits": lambda tx, w: wakes.page(tx, w.waiting, after=("", "", "")),
    "answer": lambda tx, w: wakes.answer(tx, awaited(w)),
    "mark events": lambda tx, w: wakes.mark(tx, zip(w.waiting, w.suspended, strict=True)),
    "put events off": lambda tx, w: wakes.put_off(tx, w.waiting),
    "finish events": lambda tx, w: wakes.finish(tx, w.waiting),
    "starts": lambda tx, w: starts.add(
        tx,
        [
            WantedStart(StartKey("a", "paid", "", item), {}, 1, NOW, 1, DAY, None)
            for item in w.pending
        ],
    ),
    "settle starts": lambda tx, w: starts.settle(
        tx, [TakenStart(seq, "", {}, 1) for seq in w.waiting]
    ),
}
OF_ONE: Mapping[str, Asked] = {
    "step": lambda tx, w: steps.find(tx, *w.steps[0]),
    "steps of an item": lambda tx, w: steps.of_item(tx, *w.suspended[0]),
    "answer a question": lambda tx, w: steps.answer(tx, w.steps[0], StepStatus.WAITING, None, None),
    "claim a child": lambda tx, w: steps.claim_child(tx, both(w)[1]),
    "output of an item": lambda tx, w: outputs.page_of_output(tx, *w.suspended[0], limit=100),
    "coming event": lambda tx, w: wakes.coming(tx, w.steps[0]),
}
