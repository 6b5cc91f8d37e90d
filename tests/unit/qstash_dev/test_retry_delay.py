"""The expression of ``Upstash-Retry-Delay``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.retry_delay import LONGEST_DELAY, RetryDelay


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1000", [1, 1, 1, 1]),
        ("1000 * (1 + retried)", [1, 2, 3, 4]),
        ("pow(2, retried) * 1000", [1, 2, 4, 8]),
        ("max(1000, pow(2, retried) * 100)", [1, 1, 1, 1]),
        ("min(3000, 1000 * (1 + retried))", [1, 2, 3, 3]),
        ("sqrt(retried) * 1000", [0, 1, math.sqrt(2), math.sqrt(3)]),
        ("abs(retried - 2) * 1000", [2, 1, 0, 1]),
        ("exp(retried) * 1000", [1, math.e, math.e**2, math.e**3]),
        ("floor(retried / 2) * 1000", [0, 0, 1, 1]),
        ("ceil(retried / 2) * 1000", [0, 1, 1, 2]),
        ("round(retried / 2) * 1000", [0, 1, 1, 2]),
        ("7000 % 4000 + -500", [2.5, 2.5, 2.5, 2.5]),
        ("1.5e3", [1.5, 1.5, 1.5, 1.5]),
        ("-5", [0, 0, 0, 0]),
        ("pow(10, 300) * pow(10, 300)", [LONGEST_DELAY] * 4),
        ("exp(10000)", [LONGEST_DELAY] * 4),
        ("pow(10, 12)", [LONGEST_DELAY] * 4),
    ],
)
def test_it_is_worked_out_in_milliseconds_and_is_a_day_at_most(
    text: str, seconds: list[float]
) -> None:
    delay = RetryDelay.parse(text)
    assert [delay.seconds(retried) for retried in range(4)] == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["1 / retried", "sqrt(retried - 1)", "5 % retried"])
def test_one_that_has_no_value_leaves_the_delay_to_the_backoff(text: str) -> None:
    assert RetryDelay.parse(text).seconds(0) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "retries", "retried()", "__import__('os')", "1 if retried else 2", "lambda: 1", "[1]",
        "1, 2", "max(1)", "pow(1, 2, 3)", "max(*[1, 2])", "pow(x=1, y=2)", "2 ** 3", "7 // 2",
        "0x10", "1_000", "1j", "True", "None", "'1'", "retried.real", "retried[0]", "1 < 2", "(1",
        "not 1", "1 and 2", "x := 1", "2retried", "1" * 300, "(" * 200 + "1" + ")" * 200, "007",
    ],
)  # fmt: skip
def test_what_is_no_such_expression_is_refused(text: str) -> None:
    with pytest.raises(QStashRefusal, match="Upstash-Retry-Delay"):
        RetryDelay.parse(text)


@given(st.text("0123456789.()+-*/%, retriedpowmaxinabsqflcou_'\"[]", max_size=60))
@example("----1")
def test_whatever_is_sent_is_refused_or_is_a_delay_within_a_day(text: str) -> None:
    try:
        delay = RetryDelay.parse(text)
    except QStashRefusal:
        return
    for retried in (0, 1, 1_000):
        seconds = delay.seconds(retried)
        assert seconds is None or 0 <= seconds <= LONGEST_DELAY


@dataclass(frozen=True)
class Formula:
    """A text, and what it is worth."""

    text: str
    value: Callable[[float], float]


def _joined(pair: tuple[Formula, Formula, str]) -> Formula:
    left, right, sign = pair
    worth: dict[str, Callable[[float, float], float]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
    }
    return Formula(
        f"({left.text} {sign} {right.text})",
        lambda n: worth[sign](left.value(n), right.value(n)),
    )


def _chosen(pair: tuple[Formula, Formula, str]) -> Formula:
    left, right, name = pair
    worth = min if name == "min" else max
    return Formula(
        f"{name}({left.text}, {right.text})", lambda n: worth(left.value(n), right.value(n))
    )


formulas = st.recursive(
    st.integers(0, 100).map(lambda n: Formula(str(n), lambda _: float(n)))
    | st.just(Formula("retried", lambda n: n)),
    lambda inner: (
        st.tuples(inner, inner, st.sampled_from("+-*")).map(_joined)
        | st.tuples(inner, inner, st.sampled_from(["min", "max"])).map(_chosen)
    ),
    max_leaves=8,
)


@given(formulas, st.integers(0, 20))
def test_it_is_worth_what_its_arithmetic_says(formula: Formula, retried: int) -> None:
    expected = min(max(formula.value(float(retried)) / 1_000, 0.0), LONGEST_DELAY)
    assert RetryDelay.parse(formula.text).seconds(retried) == pytest.approx(expected)
