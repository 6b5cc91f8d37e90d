"""``Upstash-Flow-Control-Key`` and ``Upstash-Flow-Control-Value``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.durations import DAY, parse_duration

LONGEST_PERIOD = 7 * DAY
MOST = 1_000_000_000
"""Of either limit."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,256}", re.ASCII)
_VALUE = "Upstash-Flow-Control-Value"


def check_name(name: str, what: str) -> str:
    """Of a flow-control key, a queue, a schedule or a URL group.

    Raises:
        QStashRefusal: it has other characters, none or too many.
    """
    if not _NAME.fullmatch(name):
        raise QStashRefusal(
            f"A {what} may have letters, digits, hyphens, underscores and periods, up to 256."
        )
    return name


@dataclass(frozen=True, slots=True)
class DeliveryRate:
    """So many deliveries may begin in each period of so many seconds."""

    number: int
    period: int = 1

    @property
    def per_second(self) -> float:
        return self.number / self.period


@dataclass(frozen=True, slots=True)
class FlowLimits:
    """None: not limited."""

    parallelism: int | None = None
    rate: DeliveryRate | None = None

    @classmethod
    def parse(cls, text: str) -> FlowLimits:
        """``parallelism=5, rate=10, period=1m``.

        Raises:
            QStashRefusal: it is not of this form, or limits nothing.
        """
        given: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = (half.strip() for half in part.partition("="))
            if name not in ("parallelism", "rate", "period") or not equals or name in given:
                raise QStashRefusal(f"{_VALUE} must be as parallelism=5, rate=10, period=1m.")
            given[name] = value
        parallelism = _positive(given.get("parallelism"), "parallelism")
        number = _positive(given.get("rate"), "rate")
        if parallelism is None and number is None:
            raise QStashRefusal(f"{_VALUE} must name a parallelism or a rate.")
        period = parse_duration(given.get("period", "1s"), f"The period of {_VALUE}")
        check_period(period)
        return cls(parallelism, None if number is None else DeliveryRate(number, period))


def check_period(seconds: int) -> None:
    """
    Raises:
        QStashRefusal: it is not between a second and a week.
    """
    if not 1 <= seconds <= LONGEST_PERIOD:
        raise QStashRefusal("A period of flow control is a second at least, and a week at most.")


def _positive(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or not 1 <= int(text) <= MOST:
        raise QStashRefusal(f"The {name} of {_VALUE} must be a number from 1 on.")
    return int(text)
