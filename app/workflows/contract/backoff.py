"""How long to wait before something is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

FAR = timedelta(days=999_999).total_seconds()
"""Seconds: longer than anything waits, and still within a timedelta's range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait before the next attempt: ``initial`` × ``factor`` ^ (failures - 1).

    Of that, a random part between half and all is waited, so that items that failed together do not
    come back together. ``longest`` bounds it.
    """

    initial: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        for name, value in (("initial", self.initial), ("longest", self.longest)):
            if not isinstance(value, timedelta):
                raise TypeError(
                    f"A Backoff's {name} is a timedelta, such as timedelta(seconds=1), and not"
                    f" {type(value).__name__}."
                )

    def delay(self, failures: int, chance: float) -> timedelta:
        """The delay that the family asks for; ``app.workflows.failures.delays`` bounds it.

        Args:
            failures: attempts that have failed, 1 or more.
            chance: uniform in [0, 1).
        """
        try:
            seconds = self.initial.total_seconds() * self.factor ** (failures - 1)
        except OverflowError:
            seconds = FAR
        # FAR comes first: of NaN and a number the first is the minimum.
        seconds = min(FAR, seconds, self.longest.total_seconds())
        return timedelta(seconds=seconds * (0.5 + 0.5 * chance))
