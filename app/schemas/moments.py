"""Moments as callers name them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator


def _moment(value: object) -> object:
    """A date is its beginning in UTC; a moment without an offset is in UTC."""
    try:
        text = str(value)
        if len(text) == len("2026-01-31"):
            found = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 1970 <= found.year <= 9000:
        raise ValueError("it must be a date such as 2026-01-31, or such as 2026-01-31T05:00Z")
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]
