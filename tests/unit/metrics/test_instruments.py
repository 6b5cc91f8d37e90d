"""Instruments: many observations together are what each by itself would have been."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.metrics.catalog import BUILD, METRICS, SECONDS, Kind
from app.metrics.instruments import UNKNOWN, CounterValues, Histogram

VALUES = st.lists(
    st.one_of(st.just(-1.0), st.sampled_from(SECONDS), st.floats(0, 1_000)), min_size=1
)


@given(VALUES)
def test_many_together_are_counted_as_each_by_itself(values: Sequence[float]) -> None:
    together, apart = Histogram(SECONDS), Histogram(SECONDS)
    together.observe_all(values, [f"run_{n}" for n in range(len(values))])
    for value in values:
        if value >= 0:
            apart.observe(value)
    assert together.counts == apart.counts
    assert abs(together.total - apart.total) <= 1e-9 * max(1.0, apart.total)


@given(VALUES)
def test_an_exemplar_is_of_its_bucket_and_of_the_run_that_it_names(values: Sequence[float]) -> None:
    histogram = Histogram(SECONDS)
    histogram.observe_all(values, [f"run_{n}" for n in range(len(values))])
    bounds = [0.0, *SECONDS, float("inf")]
    for number, (count, exemplar) in enumerate(
        zip(histogram.counts, histogram.exemplars, strict=True)
    ):
        assert (exemplar is None) == (count == 0)
        if exemplar is not None:
            assert values[int(exemplar.run.removeprefix("run_"))] == exemplar.value
            assert bounds[number] <= exemplar.value <= bounds[number + 1]


def test_a_bound_is_the_largest_value_of_its_bucket() -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.observe_all([1.0, 1.5, 2.0, 2.1], ["a", "b", "c", "d"])
    assert histogram.counts == [1, 2, 1]


def test_what_is_not_known_is_counted_under_one_name() -> None:
    counter = CounterValues(BUILD, [("a", "x")])
    for family in ("a", "b", "c"):
        counter.add(family, "x")
    assert counter.values == {("a", "x"): 1, (UNKNOWN, "x"): 2}


def test_names_are_as_prometheus_asks() -> None:
    names = [one.name for one in METRICS]
    assert len(names) == len(set(names))
    for one in METRICS:
        assert one.name.endswith("_total") == (one.kind is Kind.COUNTER), one.name
        assert one.name.endswith("_seconds") or one.kind is not Kind.HISTOGRAM, one.name
        assert list(one.bounds) == sorted(one.bounds)
        assert one.text.endswith(".")
