"""What may be declared of a flow key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.errors import ConfigurationError

LONGEST_PERIOD = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowControl:
    """At most ``parallelism`` at work at once, and ``rate`` starts in any ``period``.

    ``None`` leaves that side open. A rate may be below one: ``rate=0.5`` starts one every two
    periods.

    Raises:
        ConfigurationError: a value that makes no sense.
    """

    parallelism: int | None = None
    rate: float | None = None
    period: timedelta = timedelta(seconds=1)

    def __post_init__(self) -> None:
        if self.parallelism is not None and self.parallelism < 1:
            raise ConfigurationError(
                f"A flow control's parallelism must be 1 or more, not {self.parallelism}.",
                field="parallelism",
            )
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise ConfigurationError(
                f"A flow control's rate must be above 0, not {self.rate}.", field="rate"
            )
        if not timedelta(0) < self.period <= LONGEST_PERIOD:
            raise ConfigurationError(
                f"A flow control's period must be above 0 and at most a week, not {self.period}.",
                field="period",
            )

    def __str__(self) -> str:
        words = []
        if self.rate is not None:
            seconds = self.period.total_seconds()
            words.append(f"{self.rate:g} per {'second' if seconds == 1 else f'{seconds:g} s'}")
        if self.parallelism is not None:
            words.append(f"{self.parallelism} at once")
        return ", ".join(words) or "no limit"

    @property
    def window(self) -> tuple[int, float] | None:
        """``(n, seconds)``: at most n starts in any so many seconds. None: no rate."""
        if self.rate is None:
            return None
        starts = max(1, int(self.rate))
        return starts, self.period.total_seconds() * starts / self.rate

    def seconds_for(self, items: int, item_seconds: float | None) -> float | None:
        """How long ``items`` take at the least; None where nothing bounds them.

        Args:
            item_seconds: the measured time of one item; None: not known.
        """
        bounds = []
        if self.rate is not None:
            bounds.append(items / self.rate * self.period.total_seconds())
        if self.parallelism is not None and item_seconds is not None:
            bounds.append(items * item_seconds / self.parallelism)
        return max(bounds, default=None)


OPEN = FlowControl()
