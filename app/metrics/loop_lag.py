"""How late an event loop is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from app.metrics.instruments import Histogram

EVERY = 0.5
"""Seconds between two looks: what blocks the loop for longer is always seen."""


@contextmanager
def watching_lag(lag: Histogram) -> Iterator[None]:
    """Within a running loop."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def look(due: float) -> None:
        nonlocal timer
        now = loop.time()
        lag.observe(max(now - due, 0.0))
        timer = loop.call_later(EVERY, look, now + EVERY)

    timer = loop.call_later(EVERY, look, loop.time() + EVERY)
    try:
        yield
    finally:
        timer.cancel()
