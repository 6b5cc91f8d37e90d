"""How a Retry-After header is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.calls.retry_after import LONGEST, SHORTEST, parse_retry_after

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("0", 1),
        ("999999", 3600),
        ("9" * 5000, 3600),
        ("Sun, 01 Nov 2026 12:01:30 GMT", 90),
        ("Sun, 01 Nov 2026 12:01:30 -0000", 90),
        ("Sun, 01 Nov 2026 14:01:30 +0200", 90),
        ("Sunday, 01-Nov-26 12:01:30 GMT", 90),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 1),
        ("Sun, 01 Nov 2099 12:00:00 GMT", 3600),
    ],
)
def test_seconds_and_dates_are_delays_within_bounds(value: str, seconds: float) -> None:
    assert parse_retry_after(value, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "٣", "nan", "1e3", "Sun, 99 Nov 2026"])
def test_what_is_neither_is_no_delay(value: str | None) -> None:
    assert parse_retry_after(value, now=NOW) is None


@given(st.text(max_size=60))
def test_no_text_breaks_it_or_its_bounds(value: str) -> None:
    delay = parse_retry_after(value, now=NOW)

    assert delay is None or SHORTEST <= delay <= LONGEST
