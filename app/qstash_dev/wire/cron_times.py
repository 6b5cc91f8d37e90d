"""``Upstash-Cron``: when a schedule is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from app.qstash_dev.refusal import QStashRefusal

LONGEST_EXPRESSION = 200
_ZONE = "CRON_TZ="


@dataclass(frozen=True, slots=True)
class CronTimes:
    """``0 4 * * *``, perhaps behind ``CRON_TZ=America/New_York``; of UTC otherwise."""

    text: str
    expression: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> CronTimes:
        """
        Raises:
            QStashRefusal: it is no expression of five fields, there is no such zone, or it never
                comes.
        """
        text = text.strip()
        zone, expression = "UTC", text
        if text.startswith(_ZONE):
            zone, _, expression = text.removeprefix(_ZONE).partition(" ")
        try:
            found = cls(text, expression.strip(), ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise QStashRefusal(f"Upstash-Cron: there is no time zone {zone[:40]!r}.") from None
        try:
            usable = len(text) <= LONGEST_EXPRESSION and len(expression.split()) == 5
            if usable and found.after(0) is not None:
                return found
        except CronSimError:
            pass
        raise QStashRefusal("Upstash-Cron must be a cron expression of five fields that comes.")

    def after(self, moment: float) -> float | None:
        """The next, in Unix seconds; None: it does not come again in fifty years."""
        start = datetime.fromtimestamp(moment, UTC).astimezone(self.zone)
        for due in CronSim(self.expression, start):
            if due.timestamp() > moment:
                return due.timestamp()
        return None
