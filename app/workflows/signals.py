"""What a family's methods raise to say how an item goes on."""

from __future__ import annotations

from datetime import timedelta


class Skip(Exception):
    """Raise it when there is nothing to do for this item: its outcome is ``skipped``."""


class Fatal(Exception):
    """Raise it when another attempt cannot help: the item fails at once."""


class RetryAfter(Exception):
    """Raise it to be called again after ``delay``, without using up one of the attempts.

    An exception of a service that carries a ``retry_after: timedelta`` is treated likewise.
    """

    def __init__(self, delay: timedelta, reason: str = "asked to come later") -> None:
        super().__init__(reason)
        self.retry_after = delay


class Systemic(Exception):
    """Raise it when every other item would fail as well, for example because a key is refused.

    The run pauses at once with this text, and the item stays to be done. An exception of a service
    whose ``systemic`` is true is treated likewise.
    """

    systemic = True
