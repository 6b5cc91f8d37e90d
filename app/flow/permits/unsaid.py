"""What of one flow key has happened in a worker and is to be said to Redis."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Unsaid:
    """``released``: permits that were given back. ``handed``: starts on slots of ours. ``levels``:
    a bit for the priority of each that never waited; of others Redis knows it. ``asked``: another
    worker waits for what may be held here."""

    released: list[str] = field(default_factory=list)
    handed: int = 0
    levels: int = 0
    asked: bool = False

    def __bool__(self) -> bool:
        return self.asked or self.handed > 0 or len(self.released) > 0

    @property
    def waits(self) -> bool:
        """Whether there may be more to say with it soon, and nobody waits for it."""
        return not (self.asked or self.released)

    def before(self, later: Unsaid) -> Unsaid:
        """Both, because this could not be said."""
        return Unsaid(
            self.released + later.released,
            self.handed + later.handed,
            self.levels | later.levels,
            self.asked or later.asked,
        )
