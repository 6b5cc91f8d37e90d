"""Moments, and how long the server waits for them."""

from __future__ import annotations

import time


class Clock:
    """Moments are real; what is waited for them may be shortened, so that a test need not take the
    12 s that a first retry has. Shortened are delays, retries' delays, periods of a rate, and what
    lies between two fire times of a schedule; never how long a destination may take to answer, how
    long a signature holds, or how long a deduplication id is remembered.

    Args:
        speed: how many times faster to wait.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._started = time.time()
        self._since = time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds since no moment in particular, which never go back."""
        return time.monotonic()

    def shortened(self, seconds: float) -> float:
        """How long to wait in fact, where so many seconds were asked for."""
        return max(0.0, seconds) / self.speed

    def shortened_until(self, moment: float) -> float:
        return self.shortened(moment - self.now())

    def schedule_time(self) -> float:
        """The moment that schedules go by: the real one, unless waits are shortened. From the start
        on it is then as many times further."""
        if self.speed == 1.0:
            return self.now()
        return self._started + (time.monotonic() - self._since) * self.speed
