"""CSV, and what a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from app.spreadsheet.csv_lines import JsonText, csv_lines


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("plain", "plain"),
        *((f"{sign}1", f"'{sign}1") for sign in ("=", "+", "-", "@", "\t", "\r")),
        (-1, "-1"),
        (-0.5, "-0.5"),
        (True, "true"),
        ({"ä": "=1"}, '{"ä": "=1"}'),
        ([1, None], "[1, null]"),
        (JsonText("-5"), "-5"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        ('a "b",\nc', 'a "b",\nc'),
    ],
)
def test_a_cell_is_the_value_and_is_computed_by_nobody(value: object, cell: str) -> None:
    text = csv_lines([[value, "end"]])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[cell, "end"]]
    assert text.endswith("\r\n")
