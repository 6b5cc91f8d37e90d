"""When a message is due next, as far as a worker knows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection
from datetime import timedelta

SOONEST, LONGEST = 0.01, 1.0
"""Seconds until it is asked again what is due, where somebody else has it locked, and may not take
it. Twice as long each time."""

BEHIND = 0.001
"""Seconds behind the time, so that it is due indeed. What becomes due while it is asked is taken by
then."""


class NextDue:
    """``at``: by the loop's clock; infinite: nothing is."""

    def __init__(self) -> None:
        self.at = 0.0
        self._known = False
        self._but: set[str] = set()
        self._locked_for = SOONEST

    def hear(self) -> None:
        """Something has come that may be due sooner."""
        self._known = False

    def pass_by(self) -> bool:
        """Whether the time has come; then the next one is not known."""
        if _now() < self.at:
            return False
        self._known, self.at = False, math.inf
        return True

    def is_known(self, dry: Collection[str]) -> bool:
        """Also where these flow keys are dry."""
        return self._known and self._but.issuperset(dry)

    def ask(self, dry: Collection[str]) -> None:
        """It is about to be asked. What is heard until the answer counts as not known.

        Args:
            dry: keys of which what is due already counts too; of others only what comes later.
        """
        self._known = True
        self._but = set(dry)

    def put(self, left: timedelta | None) -> bool:
        """What was answered. Returns whether something is due already: then no time is known."""
        seconds = math.inf if left is None else left.total_seconds() + BEHIND
        if seconds <= 0:
            return True
        self.at = _now() + seconds
        self._locked_for = SOONEST
        return False

    def put_locked(self) -> None:
        """Something is due, and cannot be had."""
        self.at = _now() + self._locked_for
        self._locked_for = min(2 * self._locked_for, LONGEST)

    def put_now(self) -> None:
        """Something is due, and can be had."""
        self.at = _now()


def _now() -> float:
    return asyncio.get_running_loop().time()
