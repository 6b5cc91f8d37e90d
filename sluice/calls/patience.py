"""For how long, and how often, a caller comes again to a service that is away."""

from __future__ import annotations

import time

AWAY = frozenset({429, 502, 503, 504})
"""HTTP statuses after which trying again may help."""
SILENCE = 45.0
"""Seconds without a word from a stream, which says something every 15, after which it is lost."""
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 2.0


class Patience:
    """Of one call, or of one stream that is followed. It waits for nothing itself.

    A service that refuses because too much is asked is waited for from the first call on. One that
    does not answer is waited for only once it has: the address may be wrong.

    Args:
        seconds: without an answer after which it gives up.
        answered: whether the service has answered before.
    """

    def __init__(self, seconds: float, *, answered: bool) -> None:
        self.seconds = seconds
        self._answered = answered
        self._away_since: float | None = None
        self._delay = _FIRST_DELAY

    def heard(self) -> None:
        """The service has answered."""
        self._answered = True
        self._away_since, self._delay = None, _FIRST_DELAY

    def refused(self, status: int | None, asked: float = 0.0) -> float | None:
        """The seconds until the next try; None: it would not help, or there were enough.

        Args:
            status: of an answer that says no; None: there was no answer.
            asked: the seconds that the service asks for.
        """
        if status not in AWAY if status is not None else not self._answered:
            return None
        if time.monotonic() - (self._away_since or time.monotonic()) > self.seconds:
            return None
        return self.pause(asked)

    def pause(self, asked: float = 0.0) -> float:
        """The seconds until the next try, counted as absence until something is heard."""
        self._away_since = self._away_since or time.monotonic()
        delay = max(self._delay, min(asked, self.seconds))
        self._delay = min(2 * self._delay, _LONGEST_DELAY)
        return delay
