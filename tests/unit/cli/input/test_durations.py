"""Durations as one types them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.cli.input.durations import parse_duration
from app.errors import BadInput


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("1.5m", timedelta(seconds=90)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("4W", timedelta(weeks=4)),
        (" 2h ", timedelta(hours=2)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert parse_duration("--deadline", text) == expected


@pytest.mark.parametrize(
    "text", ["", "30", "d", "0d", "-1d", "1y", "1 d", "1d12h", "1e3d", "inf", "٣d"]
)
def test_what_is_no_duration_is_refused_with_the_option_and_examples(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--older-than: .* 12h, 30d or 4w"):
        parse_duration("--older-than", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.05s", "--ramp-every: it must be at least 0.1s, not '0.05s'."),
        ("25h", "--ramp-every: it must be at most 1d, not '25h'."),
        ("99999999w", "--ramp-every: it must be at most 1d, not '99999999w'."),
        ("9999999999w", "--ramp-every: it must be at most 1d, not '9999999999w'."),
        ("0.00000000001s", "--ramp-every: it must be at least 0.1s, not '0.00000000001s'."),
        ("9" * 400 + "w", f"--ramp-every: it must be at most 1d, not '{'9' * 60}'."),
    ],
)
def test_one_that_is_too_short_or_too_long_is_told_the_end(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_duration(
            "--ramp-every", text, least=timedelta(milliseconds=100), most=timedelta(days=1)
        )
    assert refused.value.detail == said


@pytest.mark.parametrize("text", ["0.0000001s", "0.0000006s", "0.00000000000000000001w"])
def test_one_that_would_be_rounded_is_told_the_shortest_that_counts(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_duration("--deadline", text)
    assert refused.value.detail == f"--deadline: it must be at least 0.000001s, not {text!r}."


def test_the_shortest_and_the_longest_are_taken() -> None:
    assert parse_duration("--deadline", "0.000001s") == timedelta(microseconds=1)
    assert parse_duration("--deadline", "0001.500000000000m") == timedelta(seconds=90)
    assert parse_duration("--deadline", "36500d") == timedelta(days=36_500)
