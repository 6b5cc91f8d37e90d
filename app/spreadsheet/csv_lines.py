"""CSV as it is downloaded and printed: RFC 4180, and nothing in it that a spreadsheet computes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

MEDIA_TYPE = "text/csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With which a text begins that a spreadsheet would compute."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """JSON that stands in a cell as it is: anything but a text, which begins with a quote."""

    text: str


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """JSON is written as such, and a text that a spreadsheet would compute stands behind an
    apostrophe."""
    text = StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, JsonText):
        return value.text
    if type(value) is int:  # as JSON has it, and most cells that come here; True is none
        return str(value)
    # What begins with a sign is a number.
    return json.dumps(value, ensure_ascii=False)
