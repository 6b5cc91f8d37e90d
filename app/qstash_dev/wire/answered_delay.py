"""When to come again, as a destination's answer says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from app.qstash_dev.wire.durations import DAY, parse_go_duration

HEADERS = (
    "retry-after",
    "x-ratelimit-reset",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
)
_NUMBER = re.compile(r"\d{1,18}(\.\d{1,9})?", re.ASCII)


def answered_delay(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from ``now``, which is in Unix seconds, by the first header that says any.

    None: the answer names no delay, or one of more than a day, in whose place the message's own
    backoff applies.
    """
    for header in HEADERS:
        seconds = _seconds(headers.get(header, "").strip(), now)
        if seconds is not None:
            return max(0.0, seconds) if seconds <= DAY else None
    return None


def _seconds(text: str, now: float) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    duration = parse_go_duration(text)
    if duration is not None:
        return duration
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() - now
