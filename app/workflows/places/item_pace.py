"""How quickly the items of a flow key end in a worker."""

from __future__ import annotations

STOCK_SECONDS = 0.1
"""What ends within so long may be in hand besides what is at work."""


class ItemPace:
    """Counted between two looks, and at least over ``STOCK_SECONDS``."""

    __slots__ = ("_since", "_stock", "ended")

    def __init__(self) -> None:
        self.ended = 0
        """Since the last look that counted."""
        self._since = 0.0
        self._stock = 0

    def stock(self, now: float) -> int:
        """How many items end within ``STOCK_SECONDS``, by the last count.

        Args:
            now: in seconds, by a clock that only goes on.
        """
        seconds = now - self._since
        if seconds >= STOCK_SECONDS:
            self._stock = round(self.ended * STOCK_SECONDS / seconds)
            self.ended, self._since = 0, now
        return self._stock
