"""When a server that refuses a call wants to be called again, as real ones say it."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.http.told_delay import told_delay
from sluice.calls.retry_after import LONGEST, SHORTEST

DATE = {"Date": "Sun, 01 Nov 2026 12:00:00 GMT"}
NOON = 1_793_534_400
"""The same, in seconds since 1970."""


def told(headers: dict[str, str], status: int = 429) -> timedelta | None:
    return told_delay(httpx2.Response(status, headers=headers))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "20"}, 20),
        ({"Retry-After": "Sun, 01 Nov 2026 12:01:30 GMT"}, 90),  # whatever our own clock says
        ({"Retry-After": "20", "x-ratelimit-reset": "90"}, 20),
        ({"Retry-After": "soon", "x-ratelimit-reset": "90"}, 90),
        ({"x-ratelimit-reset": "0"}, 1),
        ({"x-ratelimit-reset": "86400"}, 3600),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON + 45)}, 45),
        ({"X-Rate-Limit-Reset": str(NOON * 1000 + 45_500)}, 45.5),
        ({"RateLimit-Reset": "7"}, 7),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-reset-tokens": "1m2.5s"}, 62.5),
        ({"x-ratelimit-reset-tokens": "1500ms"}, 1.5),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "30s",
                "x-ratelimit-remaining-tokens": "900",
                "x-ratelimit-reset-tokens": "10m",
            },
            30,
        ),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "30s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "40s",
            },
            40,
        ),
        (
            {
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1h",
                "x-ratelimit-remaining-tokens": "12",
                "x-ratelimit-reset-tokens": "4s",
            },
            4,
        ),
    ],
)
def test_what_servers_say_of_a_limit_is_a_delay_within_bounds(
    headers: dict[str, str], seconds: float
) -> None:
    assert told({**DATE, **headers}) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining": "0"},
        {"x-ratelimit-limit": "60"},
        {"x-ratelimit-reset": "tomorrow"},
        {"x-ratelimit-reset": "5 s"},
        {"x-ratelimit-reset": "-5"},
        {"x-ratelimit-reset": "s5"},
        {"x-ratelimit-reset": ""},
    ],
)
def test_what_says_no_moment_is_no_delay(headers: dict[str, str]) -> None:
    assert told({**DATE, **headers}) is None


def test_another_status_tells_by_retry_after_alone() -> None:
    """Many servers send what is left of a limit with every answer."""
    assert told({"x-ratelimit-reset": "30"}, 503) is None
    assert told({"Retry-After": "30"}, 503) == timedelta(seconds=30)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_whatever_is_said_it_is_none_or_within_bounds(value: str) -> None:
    said = told({"x-ratelimit-reset": value, "Date": value})
    assert said is None or SHORTEST <= said <= LONGEST
