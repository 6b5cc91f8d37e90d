"""Limits as one types them."""

from __future__ import annotations

import pytest

from app.cli.input.limits import Rate, parse_fraction, parse_limit, parse_rate
from app.errors import BadInput


@pytest.mark.parametrize(
    ("text", "limit"), [("1", 1), ("12", 12), ("none", None), ("None", None), (" none ", None)]
)
def test_a_limit_is_a_whole_number_above_zero_or_none(text: str, limit: int | None) -> None:
    assert parse_limit("--limit", text, most=12) == limit


@pytest.mark.parametrize(
    "text", ["", "0", "00", "-1", "1.5", "true", "1001", "9" * 400, "\N{ARABIC-INDIC DIGIT TWO}"]
)
def test_what_is_none_is_refused_with_the_name_of_the_option(text: str) -> None:
    said = r"^--parallelism: it must be a whole number from 1 to 1,000, or none, not '"
    with pytest.raises(BadInput, match=said):
        parse_limit("--parallelism", text, most=1_000)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("1", 1), ("0.25", 0.25), ("0.0000000001", 1e-10), ("none", None)],
)
def test_a_fraction_is_a_number_within_both_ends_or_none(text: str, number: float | None) -> None:
    assert parse_fraction("--max-failure-rate", text, least=0, most=1) == number


@pytest.mark.parametrize("text", ["", "-0.1", "1.01", "nan", "inf", "1e-3", "9" * 400, "٢"])
def test_what_is_no_fraction_is_refused_with_its_ends(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--max-failure-rate: it must be a number from 0 to 1, or"):
        parse_fraction("--max-failure-rate", text, least=0, most=1)


@pytest.mark.parametrize("text", ["0", "0.0", "1000000001"])
def test_a_fraction_above_an_end_is_not_that_end(text: str) -> None:
    said = r"^--budget-usd: it must be a number above 0 and at most 1,000,000,000, or none, not '"
    with pytest.raises(BadInput, match=said):
        parse_fraction("--budget-usd", text, least=0, most=10**9, above=True)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("2/s", Rate(2, 1)),
        ("0.5/s", Rate(0.5, 1)),
        ("100/m", Rate(100, 60)),
        ("5/h", Rate(5, 3600)),
        ("1000/d", Rate(1000, 86_400)),
        ("100/30s", Rate(100, 30)),
        ("100/1.5M", Rate(100, 90)),
        ("2 / s", Rate(2, 1)),
        ("0.0000000001/0000000001s", Rate(1e-10, 1)),
        ("none", Rate(None)),
    ],
)
def test_a_rate_is_starts_in_a_period(text: str, rate: Rate) -> None:
    assert parse_rate("--rate", text) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "/s", "2/", "0/s", "0.0/s", "-1/s", "2/0s", "2/x", "2/-1s", "2/s/s"),
        *("1000001/s", "1/8d", "1e3/s", "inf/s", "nan/s", "9" * 400 + "/s", "٢/s"),
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--rate: "):
        parse_rate("--rate", text)


@pytest.mark.parametrize(
    "text", ["1000001/s", "1000000000000/s", "1/8d", "1/999999999999s", "9" * 400 + "/s"]
)
def test_a_rate_past_an_end_is_told_both_ends(text: str) -> None:
    said = r"^--rate: it must be at most 1,000,000 starts, in at most 7d, not '"
    with pytest.raises(BadInput, match=said):
        parse_rate("--rate", text)
