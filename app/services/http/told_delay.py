"""When a server that refuses a call wants to be called again, as its answer says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

from sluice.calls.retry_after import bounded, parse_retry_after

EPOCH_FROM = 1e9
"""A number from here on is a moment, in seconds since 1970, and a smaller one is a delay."""
EPOCH_MS_FROM = 1e12
_RESET = re.compile(r"(x-)?rate-?limit-reset(-.{1,50})?")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def told_delay(response: httpx2.Response) -> timedelta | None:
    """Within one second and one hour; None: it does not say.

    ``Retry-After`` goes before ``x-ratelimit-reset`` and ``x-ratelimit-reset-…``, which are read of
    a 429 alone: of those limits whose ``remaining`` is 0 the last to be reset, and where none is,
    the first. A moment is measured against the ``Date`` of the answer, so that no clock but the
    server's own matters.
    """
    headers = response.headers
    now = _date(headers.get("Date")) or datetime.now(UTC)
    said = parse_retry_after(headers.get("Retry-After"), now=now)
    if said is not None or response.status_code != 429:
        return said
    resets = list(_resets(headers, now))
    used_up = [delay for delay, is_used_up in resets if is_used_up]
    if used_up:
        return bounded(max(used_up))
    return bounded(min(delay for delay, _ in resets)) if resets else None


def _resets(headers: httpx2.Headers, now: datetime) -> Iterator[tuple[float, bool]]:
    """In how many seconds each limit is reset, and whether it is used up."""
    for name, value in headers.items():  # in lower case
        if _RESET.fullmatch(name) and (delay := _seconds(value.strip(), now)) is not None:
            yield delay, headers.get(name.replace("reset", "remaining", 1), "").strip() == "0"


def _seconds(value: str, now: datetime) -> float | None:
    if _NUMBER.fullmatch(value):
        number = float(value)
        if number < EPOCH_FROM:
            return number
        return (number / 1000 if number >= EPOCH_MS_FROM else number) - now.timestamp()
    parts = _PART.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _date(value: str | None) -> datetime | None:
    if value is None:
        return None
    with suppress(ValueError, OverflowError):
        moment = parsedate_to_datetime(value)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None
