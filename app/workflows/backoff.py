"""How long to wait before something is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait before the next attempt: ``initial`` × ``factor`` ^ (failures - 1).

    A random part between half and all of it is taken, so that items that failed together do not
    come back together.
    """

    initial: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=5)

    def delay(self, failures: int, chance: float) -> timedelta:
        """
        Args:
            failures: attempts that have failed, 1 or more.
            chance: uniform in [0, 1).
        """
        # The exponent is bounded, or a large count would overflow before the minimum is taken.
        seconds = self.initial.total_seconds() * self.factor ** min(failures - 1, 60)
        return timedelta(seconds=min(seconds, self.longest.total_seconds()) * (0.5 + 0.5 * chance))
