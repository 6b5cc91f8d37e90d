"""Who is next in a line with priorities, whatever comes and gives up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.config.priorities import HIGHEST, LOWEST
from app.flow.permits.priority_line import PriorityLine

priorities = st.integers(LOWEST, HIGHEST)


@dataclass(eq=False)
class One:
    priority: int
    number: int
    gone: bool = False


def gave_up(one: One) -> bool:
    return one.gone


class Lines(RuleBasedStateMachine):
    """Beside a model that keeps a list, and looks through all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.line: PriorityLine[One] = PriorityLine(gave_up, 0.25)
        self.model: list[One] = []
        self.owed = Fraction(0)
        self.number = 0

    @rule(priority=priorities)
    def join(self, priority: int) -> None:
        self.number += 1
        one = One(priority, self.number)
        self.model.append(one)
        self.line.join(one, priority)

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def give_up(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.model))
        one.gone = True
        self.model.remove(one)

    @rule()
    def choose(self) -> None:
        chosen = self.line.next()
        if not self.model:
            assert chosen is None
            return
        top = max(one.priority for one in self.model)
        high = [one for one in self.model if one.priority == top]
        low = [one for one in self.model if one.priority < top]
        expected = high[0]
        if low:
            self.owed += Fraction(1, 4)
            if self.owed >= 1:
                self.owed -= 1
                expected = min(low, key=lambda one: one.number)
        assert chosen is expected
        self.model.remove(expected)

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def choose_elsewhere(self, data: st.DataObject) -> None:
        priority = data.draw(priorities)
        expected = next((one for one in self.model if one.priority == priority), None)
        assert self.line.next_of(priority) is expected
        if expected is not None:
            self.model.remove(expected)

    @rule()
    def count(self) -> None:
        self.line.tidy()
        counted = Counter(one.priority for one in self.model)
        levels = self.line.levels
        assert levels == sorted(levels, reverse=True)
        # With those who gave up behind others of their priority.
        assert all(number >= counted[priority] for priority, number in levels)
        assert {priority for priority, _ in levels} == set(counted)
        for priority in range(LOWEST, HIGHEST + 1):
            leads = levels[:1] == [(priority, 1)]
            assert self.line.led_by(priority) == leads

    @invariant()
    def tells_the_highest(self) -> None:
        top = max((one.priority for one in self.model), default=None)
        assert self.line.top == top
        assert len(self.line) >= len(self.model)


TestLines = Lines.TestCase


@dataclass
class Shares:
    lows: int = 0
    chosen: list[int] = field(default_factory=list)


@given(
    share=st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.3, 0.5]),
    tops=st.lists(st.integers(6, HIGHEST), min_size=1, max_size=400),
    start=st.integers(0, 30),
)
def test_the_lower_priorities_have_their_share_of_any_row_of_choices(
    share: float, tops: list[int], start: int
) -> None:
    line: PriorityLine[One] = PriorityLine(gave_up, share)
    for number in range(start + len(tops)):
        line.join(One(5, number), 5)
    chosen = []
    for number, top in enumerate(tops):
        line.join(One(top, number), top)
        one = line.next()
        assert one is not None
        chosen.append(one.priority == 5)
        if one.priority == 5:
            assert line.by_share
            line.next(sharing=False)  # so that as many urgent ones wait as before
    whole = round(share * 1_000_000)
    for begin in range(len(chosen)):
        # Choices of the urgent ones alone add to what the others are owed, so these have no less.
        assert sum(chosen[begin:]) >= (len(chosen) - begin) * whole // 1_000_000


def test_the_share_is_exact_where_its_decimals_are_not() -> None:
    line: PriorityLine[One] = PriorityLine(gave_up, 0.1)
    for number in range(1_000):
        line.join(One(9, number), 9)
        line.join(One(0, number), 0)
    chosen = [line.next() for _ in range(1_000)]
    low = [place for place, one in enumerate(chosen) if one is not None and one.priority == 0]
    assert low == list(range(9, 1_000, 10))


def test_who_comes_back_is_first_of_its_priority() -> None:
    line: PriorityLine[One] = PriorityLine(gave_up)
    early, late, urgent = One(5, 1), One(5, 2), One(9, 3)
    line.join(early, 5)
    line.join(urgent, 9)
    line.join(late, 5, first=True)
    assert [line.next(), line.next(), line.next(), line.next()] == [urgent, late, early, None]
