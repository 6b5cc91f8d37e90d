"""Limits as one types them."""

from __future__ import annotations

import pytest

from app.cli.input.limits import Rate, parse_limit, parse_rate
from app.errors import BadInput


@pytest.mark.parametrize(
    ("text", "limit"), [("1", 1), ("12", 12), ("none", None), ("None", None), (" none ", None)]
)
def test_a_limit_is_a_whole_number_above_zero_or_none(text: str, limit: int | None) -> None:
    assert parse_limit("--limit", text) == limit


@pytest.mark.parametrize(
    "text", ["", "0", "00", "-1", "1.5", "true", "9" * 400, "\N{ARABIC-INDIC DIGIT TWO}"]
)
def test_what_is_none_is_refused_with_the_name_of_the_option(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--parallelism: it must be a whole number"):
        parse_limit("--parallelism", text)


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
        ("none", Rate(None)),
    ],
)
def test_a_rate_is_starts_in_a_period(text: str, rate: Rate) -> None:
    assert parse_rate("--rate", text) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "/s", "2/", "0/s", "0.0/s", "-1/s", "2/0s", "2/x", "2/-1s", "2/s/s"),
        *("1e3/s", "inf/s", "nan/s", "9" * 400 + "/s", "٢/s"),
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--rate: "):
        parse_rate("--rate", text)
