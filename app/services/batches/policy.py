"""How requests are gathered for a provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.errors import ConfigurationError

LONGEST_LINE = 1_100_000
"""Bytes of one request in a batch's file."""


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """The defaults are the provider's own bounds.

    Args:
        size: requests of a batch at the most.
        most_bytes: of its file.
        within: how long a request waits for others.
        poll: between two looks at a batch, at first; they grow to twenty times as long.
        settle: for how long after a call that may have been heard its effect may not be in the
            provider's lists yet.
    """

    size: int = 50_000
    most_bytes: int = 200_000_000
    within: timedelta = timedelta(minutes=1)
    poll: timedelta = timedelta(seconds=30)
    settle: timedelta = timedelta(seconds=20)

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigurationError: there are requests that would fit into no batch.
        """
        if self.size < 1 or self.most_bytes < LONGEST_LINE:
            raise ConfigurationError(
                f"BatchPolicy takes size=1 and most_bytes={LONGEST_LINE:_} at least: one request"
                " may be so long."
            )


OF_PROVIDERS = BatchPolicy()
