"""What the contract gives an author besides the methods."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.flow.limits import OPEN, FlowControl
from app.workflows.contract.job_family import overridden
from app.workflows.family import Backoff, FamilyParams, Flow, JobFamily, RetryAfter
from app.workflows.keys import Layer
from tests.support.families import Recording

chances = st.floats(0, 1, exclude_max=True)
backoffs = st.builds(
    Backoff,
    initial=st.timedeltas(timedelta(milliseconds=1), timedelta(hours=1)),
    factor=st.floats(1, 100),
    longest=st.timedeltas(timedelta(milliseconds=1), timedelta(days=7)),
)
MICROSECOND = timedelta(microseconds=1)  # what a timedelta rounds to


@given(backoffs, st.integers(1, 10**9), chances)
def test_a_backoff_is_never_longer_than_its_longest_and_never_nothing(
    backoff: Backoff, failures: int, chance: float
) -> None:
    delay = backoff.delay(failures, chance)
    assert timedelta(0) < delay <= backoff.longest + MICROSECOND


@given(backoffs, st.integers(1, 20), chances)
def test_a_backoff_lies_between_half_and_all_of_its_step(
    backoff: Backoff, failures: int, chance: float
) -> None:
    seconds = backoff.initial.total_seconds() * backoff.factor ** (failures - 1)
    step = timedelta(seconds=min(seconds, backoff.longest.total_seconds()))
    assert step / 2 - MICROSECOND <= backoff.delay(failures, chance) <= step + MICROSECOND


@given(backoffs, st.integers(1, 1_000), chances)
def test_a_backoff_never_shortens_with_more_failures(
    backoff: Backoff, failures: int, chance: float
) -> None:
    assert backoff.delay(failures, chance) <= backoff.delay(failures + 1, chance)


@given(backoffs, st.integers(1, 20))
def test_chance_spreads_those_that_failed_together(backoff: Backoff, failures: int) -> None:
    assert backoff.delay(failures, 0.0) < backoff.delay(failures, 0.999)


def test_a_backoff_doubles_from_a_second_by_default() -> None:
    delays = [Backoff().delay(failures, 0.999999).total_seconds() for failures in range(1, 5)]
    assert delays == pytest.approx([1, 2, 4, 8], rel=1e-3)


def test_retry_after_carries_its_delay_and_its_reason() -> None:
    error = RetryAfter(timedelta(seconds=7), "the service is closed")
    assert error.retry_after == timedelta(seconds=7)
    assert str(error) == "the service is closed"


def test_flow_gives_each_layer_its_own_control() -> None:
    control = FlowControl(parallelism=2)
    flow = Flow(paginate=control)
    assert [flow.of(layer) for layer in Layer] == [OPEN, control, OPEN]


def test_overridden_names_what_the_author_wrote() -> None:
    methods = ("eligible", "page", "count", "existing", "load", "execute", "save")
    assert overridden(Recording(), methods) == set(methods) - {"page", "count"}
    assert overridden(JobFamily(), methods) == set()


def test_params_are_camel_case_frozen_and_closed() -> None:
    class Params(FamilyParams):
        paid_only: bool = False

    params = Params.model_validate({"paidOnly": True})
    assert params.paid_only
    with pytest.raises(ValidationError):
        params.paid_only = False  # type: ignore[misc]  # that it is frozen is the point
    with pytest.raises(ValidationError):
        Params.model_validate({"payedOnly": True})
