"""One flow-control key, with a clock that the test moves on."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.qstash_dev.clock import Clock
from app.qstash_dev.state.flow_key import FlowKey
from app.qstash_dev.state.message import MessageOrigin, QStashMessage, new_id
from app.qstash_dev.wire.flow_limits import DeliveryRate, FlowLimits
from app.qstash_dev.wire.instructions import Instructions


class MovedClock(Clock):
    """Time passes when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 1_000.0

    def elapsed(self) -> float:
        return self.at

    def now(self) -> float:
        return self.at + 1_000_000


def a_message(limits: str) -> QStashMessage:
    told = Instructions(flow=("key", FlowLimits.parse(limits)))
    return QStashMessage(new_id("msg_"), "http://x/", b"", told, MessageOrigin(), 0.0, 0.0)


def a_key(messages: Iterable[str], clock: Clock | None = None) -> FlowKey:
    key = FlowKey("key", clock or MovedClock())
    for limits in messages:
        key.add(a_message(limits))
    return key


def begun(key: FlowKey) -> int:
    """How many may begin now, at once."""
    number = 0
    while key.begin() is not None:
        number += 1
    return number


def test_as_many_are_delivered_at_once_as_the_parallelism_says() -> None:
    key = a_key(["parallelism=3"] * 10)
    assert begun(key) == 3
    assert key.begin() is None
    key.end()
    assert begun(key) == 1
    assert (key.active, len(key.waiting)) == (3, 6)


def test_as_many_begin_in_a_period_as_the_rate_says() -> None:
    clock = MovedClock()
    key = a_key(["rate=4,period=10s"] * 10, clock)
    assert begun(key) == 4
    assert (key.rate_used(), key.period_started) == (4, clock.now())
    clock.at += 9.9
    assert begun(key) == 0
    assert key.opens_in() == pytest.approx(0.1)
    clock.at += 0.1
    assert begun(key) == 4
    clock.at += 100
    assert key.rate_used() == 0
    assert begun(key) == 2


def test_rate_and_parallelism_hold_together_as_documented() -> None:
    """Ten in the first minute, ten in the second, and then none until one has ended."""
    clock = MovedClock()
    key = a_key(["rate=10,parallelism=20,period=1m"] * 40, clock)
    assert begun(key) == 10
    clock.at += 60
    assert begun(key) == 10
    clock.at += 60
    assert begun(key) == 0
    key.end()
    assert begun(key) == 1


def test_the_highest_limits_of_those_that_wait_hold_until_they_are_through() -> None:
    key = a_key(["parallelism=5"] * 2 + ["parallelism=2"] * 10)
    assert key.limits == FlowLimits(5)
    assert begun(key) == 2  # both old ones; of the new ones, two may be under way
    assert key.limits == FlowLimits(2)
    key = a_key(["parallelism=2"] * 10 + ["parallelism=5"])
    assert begun(key) == 5


def test_the_highest_rate_is_that_with_the_most_in_a_second() -> None:
    key = a_key(["rate=100,period=1h", "rate=2,period=1s"])
    assert key.limits.rate == DeliveryRate(2, 1)


def test_one_that_is_not_limited_lifts_the_limit_while_it_waits() -> None:
    key = a_key(["parallelism=1", "parallelism=1", "rate=100"])
    assert key.limits == FlowLimits(None, None)
    assert begun(key) == 3


def test_with_none_waiting_the_last_limits_hold() -> None:
    key = a_key(["parallelism=7,rate=3"])
    assert begun(key) == 1
    assert key.limits == FlowLimits(7, DeliveryRate(3))


def test_a_paused_key_delivers_nothing_while_its_period_goes_on() -> None:
    clock = MovedClock()
    key = a_key(["rate=2,period=10s"] * 5, clock)
    assert begun(key) == 2
    key.paused = True
    clock.at += 5
    assert (begun(key), key.rate_used()) == (0, 2)
    key.paused = False
    assert begun(key) == 0
    clock.at += 5
    assert begun(key) == 2


def test_a_pin_goes_before_what_messages_say_and_resets_the_rates_count() -> None:
    key = a_key(["parallelism=5,rate=5,period=1h"] * 20)
    assert begun(key) == 5
    key.pin(8, DeliveryRate(2, 60))
    assert key.limits == FlowLimits(8, DeliveryRate(2, 60))
    assert key.rate_used() == 0
    assert begun(key) == 2
    key.add(a_message("parallelism=100,rate=100"))
    assert key.limits == FlowLimits(8, DeliveryRate(2, 60))


def test_a_pin_of_one_limit_leaves_the_other_to_the_messages() -> None:
    key = a_key(["parallelism=5,rate=50"] * 20)
    key.pin(2, None)
    assert key.limits == FlowLimits(2, DeliveryRate(50))
    assert (key.pinned_parallelism, key.pinned_rate) == (True, False)


def test_what_was_pinned_holds_until_a_message_comes() -> None:
    key = a_key(["parallelism=5"] * 20)
    key.pin(1, None)
    key.unpin(parallelism=True, rate=True)
    assert key.limits == FlowLimits(1)
    assert not key.pinned_parallelism
    key.add(a_message("parallelism=4"))
    assert key.limits == FlowLimits(5)


def test_a_reset_begins_a_period_at_once() -> None:
    clock = MovedClock()
    key = a_key(["rate=1,period=1h"] * 5, clock)
    assert begun(key) == 1
    clock.at += 10
    key.reset_rate()
    assert (key.rate_used(), key.period_started) == (0, clock.now())
    assert begun(key) == 1


def test_one_that_is_removed_takes_its_limits_with_it() -> None:
    key = a_key(["parallelism=1"] * 3)
    high = a_message("parallelism=9")
    key.add(high)
    key.remove(high)
    key.remove(high)
    assert key.limits == FlowLimits(1)
    assert len(key.waiting) == 3


class OneKey(RuleBasedStateMachine):
    """Whatever comes in whatever order, the limits that hold when a delivery begins are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = MovedClock()
        self.key = FlowKey("key", self.clock)
        self.expected = 0

    @rule(parallelism=st.integers(1, 4), rate=st.integers(1, 4), period=st.sampled_from([1, 5, 60]))
    def add(self, parallelism: int, rate: int, period: int) -> None:
        self.key.add(a_message(f"parallelism={parallelism},rate={rate},period={period}s"))
        self.expected += 1

    @rule()
    def begin(self) -> None:
        limits, active = self.key.limits, self.key.active
        message = self.key.begin()
        if message is None:
            return
        self.expected -= 1
        assert not self.key.paused
        assert limits.parallelism is not None
        assert active < limits.parallelism
        assert limits.rate is not None
        assert self.key.rate_used() <= limits.rate.number

    @precondition(lambda self: self.key.active > 0)
    @rule()
    def end(self) -> None:
        self.key.end()

    @rule(seconds=st.sampled_from([0.5, 1.0, 7.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.clock.at += seconds

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.key.paused = paused

    @rule(parallelism=st.none() | st.integers(1, 6), rate=st.none() | st.integers(1, 6))
    def pin(self, parallelism: int | None, rate: int | None) -> None:
        self.key.pin(parallelism, None if rate is None else DeliveryRate(rate, 5))

    @rule(parallelism=st.booleans(), rate=st.booleans())
    def unpin(self, parallelism: bool, rate: bool) -> None:
        before = self.key.limits
        self.key.unpin(parallelism=parallelism, rate=rate)
        assert self.key.limits == before

    @rule()
    def reset(self) -> None:
        self.key.reset_rate()
        assert self.key.rate_used() == 0

    @precondition(lambda self: self.key.waiting)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.key.remove(data.draw(st.sampled_from(list(self.key.waiting))))
        self.expected -= 1

    @invariant()
    def nobody_is_lost(self) -> None:
        assert len(self.key.waiting) == self.expected

    @invariant()
    def it_opens_again(self) -> None:
        """Whatever is not paused and has a place goes on once the time has come that it says."""
        limits = self.key.limits
        place = limits.parallelism is None or self.key.active < limits.parallelism
        if self.key.waiting and not self.key.paused and place:
            assert 0 <= self.key.opens_in() <= 60


TestOneKey = OneKey.TestCase
TestOneKey.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
