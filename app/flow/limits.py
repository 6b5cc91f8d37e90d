"""What may be declared of a flow key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from pydantic.alias_generators import to_camel

from app.config.run_bounds import LONGEST_PERIOD, MOST_AT_ONCE, MOST_STARTS
from app.errors import ConfigurationError

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SLOWEST = timedelta(days=366).total_seconds()
"""Seconds between two starts at the most."""


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
    key: str | None = None
    """Share a limit: all who name the same key are counted together."""
    per_partition: int | None = None
    """At most so many at work at once of each partition: the second column of ``eligible``."""
    rate_per_partition: float | None = None
    """At most so many starts of each partition in any ``period``."""

    def __post_init__(self) -> None:
        for name, most in (
            ("parallelism", self.parallelism),
            ("per_partition", self.per_partition),
        ):
            if most is not None and not 1 <= most <= MOST_AT_ONCE:
                raise ConfigurationError(
                    f"A flow control's {name} must be from 1 to {MOST_AT_ONCE:,}, not {most}.",
                    field=to_camel(name),
                )
        for name, rate in (("rate", self.rate), ("rate_per_partition", self.rate_per_partition)):
            if rate is not None and not 0 < rate <= MOST_STARTS:
                raise ConfigurationError(
                    f"A flow control's {name} must be above 0 and at most {MOST_STARTS:,}, not"
                    f" {rate}.",
                    field=to_camel(name),
                )
        if not timedelta(0) < self.period <= LONGEST_PERIOD:
            raise ConfigurationError(
                f"A flow control's period must be above 0 and at most a week, not {self.period}.",
                field="period",
            )
        for name, rate in (("rate", self.rate), ("ratePerPartition", self.rate_per_partition)):
            if rate is not None and self.period.total_seconds() / rate > SLOWEST:
                raise ConfigurationError(
                    f"A flow control's rate must start something at least once a year, not {rate}"
                    f" in {self.period}.",
                    field=name,
                )
        if self.key is not None and not _KEY.fullmatch(self.key):
            raise ConfigurationError(
                f"A shared flow key is 1 to 100 letters, digits, dots, dashes and underscores;"
                f" {self.key!r} is not.",
                field="key",
            )

    def __str__(self) -> str:
        words = []
        if self.rate is not None:
            seconds = self.period.total_seconds()
            words.append(f"{self.rate:g} per {'second' if seconds == 1 else f'{seconds:g} s'}")
        if self.parallelism is not None:
            words.append(f"{self.parallelism} at once")
        if self.partitioned:
            words.append(f"{self.of_partition} of each partition")
        return ", ".join(words) or "no limit"

    @property
    def interval(self) -> timedelta | None:
        """Between two starts. None: no rate."""
        return None if self.rate is None else self.period / self.rate

    @property
    def partitioned(self) -> bool:
        """Whether each partition has limits of its own."""
        return self.per_partition is not None or self.rate_per_partition is not None

    @property
    def of_partition(self) -> FlowControl:
        """The limits of each partition."""
        return FlowControl(
            parallelism=self.per_partition, rate=self.rate_per_partition, period=self.period
        )

    @property
    def open(self) -> bool:
        """Whether nothing is limited."""
        return self.parallelism is None and self.rate is None and not self.partitioned

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
