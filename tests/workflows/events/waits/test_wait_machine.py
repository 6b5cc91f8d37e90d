"""Items wait for events while everything else happens to them, in whichever order: each goes on
once, with the right event or because its time was over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr

from app.config.engine_settings import EngineName
from app.errors import InvalidTransition
from app.store.statuses import ItemStatus, RunStatus
from tests.support.service import Opener
from tests.workflows.events.invoices import Awaiting, wait
from tests.workflows.events.waits.world import OPEN, Asked, Hand, Place, WaitWorld

T = TypeVar("T")
BY = "machine"
VALUES = ("a", "a", "a", "b")
"""Of which each is several items', so that one event is for many."""
VERBS = ("pause", "resume", "resume", "resume", "cancel", "retry", "retry", "prune")
IDS = [f"i{number}" for number in range(3)]

asked = st.builds(Asked, st.sampled_from(VALUES), st.booleans())
scripts = st.lists(asked, min_size=1, max_size=3)
which = st.integers(0, 11)
events = st.lists(
    st.tuples(st.sampled_from(VALUES), st.integers(0, 20)),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one[1],
)


class World:
    """The service that every example uses, on a loop of its own."""

    def __init__(self, runner: asyncio.Runner, store: WaitWorld) -> None:
        self._runner = runner
        self.store = store

    def do(self, work: Coroutine[Any, Any, T]) -> T:  # what a coroutine sends is its own
        return self._runner.run(work)


class WaitsMachine(RuleBasedStateMachine):
    world: World

    @property
    def store(self) -> WaitWorld:
        return self.world.store

    def do(self, work: Coroutine[Any, Any, T]) -> T:  # likewise
        return self.world.do(work)

    @initialize(scripts=st.lists(scripts, min_size=len(IDS), max_size=len(IDS)))
    def begin(self, scripts: Sequence[Sequence[Asked]]) -> None:
        self.runs = ["run_1"]
        self.paused: set[str] = set()
        self.do(self.store.clear())
        self.do(self.store.start("run_1", dict(zip(IDS, scripts, strict=True))))

    def place(self, which: int) -> Place:
        places = sorted(self.store.items)
        return places[which % len(places)]

    def hand(self, which: int) -> Hand:
        hands = [self.store.hands[place] for place in sorted(self.store.hands)]
        return hands[which % len(hands)]

    @rule(which=which)
    def a_message_comes(self, which: int) -> None:
        """Also for what is in hand, waits, or has ended."""
        place = self.place(which)
        if place[0] not in self.paused:
            self.do(self.store.claim(place))

    @rule(which=which)
    def an_item_is_delivered(self, which: int) -> None:
        """From the message until it waits, or ends."""
        place = self.place(which)
        if place[0] not in self.paused:
            self.do(self.store.deliver(place))

    @precondition(lambda self: self.store.hands)
    @rule(which=which)
    def an_item_goes_on(self, which: int) -> None:
        self.do(self.store.move(self.hand(which)))

    @precondition(lambda self: any(hand.waits for hand in self.store.hands.values()))
    @rule(which=which)
    def an_item_is_suspended(self, which: int) -> None:
        waiting = [hand for hand in self.store.hands.values() if hand.waits]
        self.do(self.store.suspend(waiting[which % len(waiting)]))

    @precondition(lambda self: self.store.stale)
    @rule(which=which)
    def one_that_was_taken_over_goes_on(self, which: int) -> None:
        hand = self.store.stale[which % len(self.store.stale)]
        self.do(self.store.suspend(hand) if hand.waits else self.store.move(hand))

    @rule(sent=events, many=st.booleans())
    def events_come(self, sent: Sequence[tuple[str, int]], many: bool) -> None:
        """Some of them again, and some for more than are woken at once."""
        values, ids = [value for value, _ in sent], [f"e{number}" for _, number in sent]
        if many:
            self.do(self.store.send_to_very_many(values[0], ids[0]))
        else:
            self.do(self.store.send(values, ids))

    @precondition(lambda self: self.store.waking or self.store.page)
    @rule(how=st.sampled_from(["look", "one", "one", "all"]))
    def very_many_are_woken(self, how: str) -> None:
        """By somebody who has looked just now, or long ago."""
        match how:
            case "look":
                self.do(self.store.look())
            case "one":
                self.do(self.store.wake_one())
            case _:
                self.do(self.store.wake_all())

    @precondition(lambda self: self.limited)
    @rule(which=which)
    def its_time_is_over(self, which: int) -> None:
        self.do(self.store.pass_by(self.limited[which % len(self.limited)]))

    @precondition(lambda self: self.limited)
    @rule(which=which, number=st.integers(0, 20), then=st.sampled_from(["", "prune", "message"]))
    def its_time_is_over_and_its_event_is_on_its_way(
        self, which: int, number: int, then: str
    ) -> None:
        in_hand = [place for place in self.limited if place in self.store.hands]
        places = (in_hand if which % 2 else None) or self.limited
        place = places[which % len(places)]
        wait, hand = self.store.items[place].open, self.store.hands.get(place)
        assert wait is not None
        self.do(self.store.send_to_very_many(wait.asked.value, f"e{number}"))
        if then == "prune":
            self.do(self.store.prune())
        self.do(self.store.pass_by(place))
        if then == "message" and hand is not None:
            self.do(self.store.move(hand))
        elif then == "message" and place[0] not in self.paused:
            self.do(self.store.claim(place))

    @property
    def limited(self) -> list[Place]:
        every = sorted(self.store.items.items())
        waits = [(place, item.open) for place, item in every]
        return [place for place, wait in waits if wait is not None and wait.asked.limited]

    @rule(verb=st.sampled_from(VERBS), which=which)
    def somebody_intervenes(self, verb: str, which: int) -> None:
        run_id = self.runs[which % len(self.runs)]
        match verb:
            case "prune":
                self.do(self.store.prune())
            case "retry":
                self.retry()
            case _ if self.control(verb, which) and verb == "cancel":
                self.store.cancelled(run_id)

    def retry(self) -> None:
        former = self.runs[-1]
        ended = self.do(self.store.sluice.run(former)).status == RunStatus.CANCELLED
        if ended and len(self.runs) < 3:
            self.runs.append(f"run_{len(self.runs) + 1}")
            self.do(self.store.retry(former, self.runs[-1]))

    def control(self, verb: str, which: int) -> bool:
        run_id = self.runs[which % len(self.runs)]
        with suppress(InvalidTransition):  # it has ended, or stands so already
            call = getattr(self.store.sluice.service.api.control, verb)
            run = self.do(call(run_id, by=BY))
            self.paused -= {run_id}
            self.paused |= {run_id} if run.status == RunStatus.PAUSED else set()
            return True
        return False

    @invariant()
    def the_rows_are_the_model_s(self) -> None:
        self.do(self.store.check())

    def teardown(self) -> None:
        """All of them end: what still waits has its event, or its time."""
        for number in range(len(self.runs)):
            self.control("resume", number)
        self.do(self.store.wake_all())
        for _ in range(12):
            for place in sorted(self.store.items):
                if self.store.items[place].status in OPEN:
                    self.do(self.finish(place))
        self.do(self.store.check())
        assert not [item for item in self.store.items.values() if item.status in OPEN]
        for item in self.store.items.values():
            if item.status is ItemStatus.SUCCEEDED:
                assert [wait.done for wait in item.waits] == [True] * len(item.script)
        for run_id in self.runs:
            assert self.do(self.store.sluice.run(run_id)).finished_at is not None

    async def finish(self, place: Place) -> None:
        store = self.store
        await store.pass_by(place)
        if (wait := store.items[place].open) is not None and not wait.asked.limited:
            store.last += 1
            await store.send([wait.asked.value], [f"last{store.last}"])
        await store.deliver(place)


@contextmanager
def opened(opener: Opener, queue: str, **changed: object) -> Iterator[World]:
    with asyncio.Runner() as runner:
        # Connections that are kept belong to the loop of the other tests.
        opening = replace(opener, kept=None)(Awaiting(wait), **changed)
        sluice = runner.run(opening.__aenter__())
        try:
            yield World(runner, WaitWorld(sluice, queue))
        finally:
            runner.run(opening.__aexit__(None, None, None))


def play(world: World, examples: int) -> None:
    class MachineHere(WaitsMachine):
        pass

    MachineHere.world = world
    run_state_machine_as_test(
        MachineHere,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("part", range(3))  # which processes share
def test_each_item_goes_on_once_with_its_event_or_its_timeout_whatever_happens(
    opener: Opener, part: int
) -> None:
    with opened(opener, "message") as world:
        play(world, 30)


def test_it_does_so_with_qstash_as_the_engine(opener: Opener) -> None:
    """To which nothing can be sent: deliveries are the machine's."""
    nowhere = {
        "engine": EngineName.QSTASH,
        "app_url": "https://nowhere.test",
        "qstash_url": "http://127.0.0.1:9",
        "qstash_token": SecretStr("token-that-nobody-asks-for"),
        "qstash_current_signing_key": SecretStr("sig_" + "a" * 28),
        "qstash_next_signing_key": SecretStr("sig_" + "b" * 28),
    }
    with opened(opener, "outbox", **nowhere) as world:
        play(world, 6)
