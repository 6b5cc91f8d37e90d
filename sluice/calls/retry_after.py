"""The Retry-After header (RFC 9110, section 10.2.3), read with suspicion."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(hours=1)


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """The delay that ``value`` asks for, seconds or an HTTP-date, within one second and one hour.

    None when there is no value or it is neither. Fractions of a second are not in the RFC, but
    some servers send them. ``now`` is an aware datetime, against which a date is measured.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return bounded(float(value))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": a UTC time that says nothing of where it was made
        moment = moment.replace(tzinfo=UTC)
    return bounded((moment - now).total_seconds())


def bounded(seconds: float) -> timedelta:
    """``seconds`` as a delay that neither hammers the server nor forgets the item."""
    longest = LONGEST.total_seconds()
    return max(SHORTEST, timedelta(seconds=min(seconds, longest)))
