"""How far options of runs and limits of flow control may go: the same for authors, the API and the
command line."""

from __future__ import annotations

from datetime import timedelta

MOST_ITEMS = 2**31 - 1
"""Of a run, that its ``limit`` may name."""
MOST_ATTEMPTS = 1_000
"""At one item."""
MOST_CANARIES = 1_000
"""Items of a canary: they are scheduled in one transaction."""
MOST_AT_START = 100_000
"""Items that a ramp begins with."""
MOST_GROWTH = 100
"""The largest factor of a ramp."""
SHORTEST_STEP, LONGEST_STEP = timedelta(milliseconds=100), timedelta(days=1)
"""Of a ramp."""
MOST_USD = 10**9
MOST_TOKENS = 10**15
LONGEST_DEADLINE = timedelta(days=366)
MOST_BEFORE_JUDGED = 10**9
"""Items that must have ended before a share of them that failed pauses the run."""

MOST_AT_ONCE = 1_000_000
"""Of a flow key."""
MOST_STARTS = 1_000_000
"""In a period."""
LONGEST_PERIOD = timedelta(weeks=1)
