"""What may be declared of a flow key, and what it comes to."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.errors import ConfigurationError
from app.flow.limits import FlowControl

periods = st.timedeltas(timedelta(milliseconds=1), timedelta(days=7))
whole_rates = st.integers(1, 10_000)
rates = st.floats(0.1, 10_000, allow_nan=False)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"parallelism": 0}, "parallelism"),
        ({"parallelism": -1}, "parallelism"),
        ({"rate": 0}, "rate"),
        ({"rate": -0.5}, "rate"),
        ({"rate": math.inf}, "rate"),
        ({"rate": math.nan}, "rate"),
        ({"rate": 1 / 53, "period": timedelta(weeks=1)}, "rate"),
        ({"rate": 1, "period": timedelta(0)}, "period"),
        ({"rate": 1, "period": timedelta(seconds=-1)}, "period"),
        ({"rate": 1, "period": timedelta(weeks=1, microseconds=1)}, "period"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(
    values: dict[str, float | timedelta], field: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        FlowControl(**values)  # type: ignore[arg-type]  # the wrong values are the point
    assert refused.value.field == field
    assert field in refused.value.detail


def test_without_a_rate_nothing_separates_two_starts() -> None:
    assert FlowControl(parallelism=3).interval is None


@given(rates, periods)
def test_so_many_starts_as_the_rate_says_fill_the_period(rate: float, period: timedelta) -> None:
    assume(period / rate <= timedelta(days=365))
    interval = FlowControl(rate=rate, period=period).interval
    assert interval is not None
    # An interval is told in whole microseconds.
    assert abs(interval.total_seconds() * rate - period.total_seconds()) <= rate * 1e-6


@given(st.integers(0, 10**6), whole_rates, periods, st.integers(1, 100), st.floats(0.001, 60))
def test_a_run_takes_as_long_as_its_tightest_bound(
    items: int, rate: int, period: timedelta, parallelism: int, item_seconds: float
) -> None:
    by_rate = items / rate * period.total_seconds()
    by_work = items * item_seconds / parallelism
    both = FlowControl(rate=rate, period=period, parallelism=parallelism)
    assert both.seconds_for(items, item_seconds) == pytest.approx(max(by_rate, by_work))
    assert both.seconds_for(items, None) == pytest.approx(by_rate)
    alone = FlowControl(parallelism=parallelism)
    assert alone.seconds_for(items, item_seconds) == pytest.approx(by_work)
    assert alone.seconds_for(items, None) is None
    assert FlowControl().seconds_for(items, item_seconds) is None


def test_it_is_told_in_words() -> None:
    assert str(FlowControl(rate=5, parallelism=10)) == "5 per second, 10 at once"
    assert str(FlowControl(rate=0.5, period=timedelta(minutes=1))) == "0.5 per 60 s"
    assert str(FlowControl()) == "no limit"
