"""Reading a cron expression, and saying where one that is misspelt is wrong.

What is refused here, CronSim refuses as well, but without the position; and it takes a few things
that nobody means: a step that is longer than its field, a step behind ``L``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from app.errors import ConfigurationError

LONGEST_EXPRESSION = 200
_DATE = 2
"""Where the day of the month stands."""


@dataclass(frozen=True, slots=True)
class _Field:
    """``names``: the first stands for ``low``."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    @property
    def example(self) -> str:
        named = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.low} to {self.high}{named}"


_MONTHS = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
_WEEKDAY = _Field("day of the week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
_DAY = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
FIELDS = (_Field("minute", 0, 59), _Field("hour", 0, 23), _DAY, _MONTH, _WEEKDAY)


def check_expression(text: str) -> None:
    """
    Raises:
        ConfigurationError: it is no expression of five fields. Says at which character, counted
            from 1, which is also ``more["position"]``.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise _fault(
            text[:20] + "…", LONGEST_EXPRESSION, f"it ends after {LONGEST_EXPRESSION} at most"
        )
    parts = list(re.finditer(r"\S+", text))
    names = [field.name for field in FIELDS]
    if len(parts) > len(FIELDS):
        extra = parts[len(FIELDS)]
        raise _fault(text, extra.start(), f"{extra[0]!r} is one too many for {_listed(names)}")
    for field, part in zip(FIELDS, parts, strict=False):
        _Reader(text, field).read(part[0], part.start())
    if len(parts) < len(FIELDS):
        raise _fault(
            text, len(text), f"{_listed(names[len(parts) :])} missing; a star stands for any"
        )
    try:
        next(CronSim(text, datetime.now(UTC)))
    except (CronSimError, StopIteration):
        at = parts[_DATE].start()
        why = f"no date is {parts[_DATE][0]!r} in these months, and it never comes"
        raise _fault(text, at, why) from None


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str
    field: _Field

    def read(self, part: str, at: int) -> None:
        for term in part.split(","):
            self._term(term, at)
            at += len(term) + 1

    def _term(self, term: str, at: int) -> None:
        if self.field is _DAY and term.upper() in ("L", "LW"):
            return
        if self.field is _WEEKDAY and "#" in term:
            day, _, nth = term.partition("#")
            self._value(day, at)
            self._number(nth, at + len(day) + 1, 1, 5, "which one of the month")
            return
        if self.field is _WEEKDAY and term[:-1] and term[-1] in "lL":
            self._number(term[:-1], at, self.field.low, self.field.high, self.field.name)
            return
        base, slash, step = term.partition("/")
        if base != "*":
            self._range(base, at)
        if slash:
            what = f"the step of the {self.field.name}"
            self._number(step, at + len(base) + 1, 1, self.field.high, what)

    def _range(self, base: str, at: int) -> None:
        first, dash, last = base.partition("-")
        begin = self._value(first, at)
        if dash and self._value(last, at + len(first) + 1) < begin:
            raise _fault(self.text, at + len(first) + 1, f"{last!r} comes before {first!r}")

    def _value(self, typed: str, at: int) -> int:
        if typed.upper() in self.field.names:
            return self.field.low + self.field.names.index(typed.upper())
        return self._number(typed, at, self.field.low, self.field.high, f"the {self.field.name}")

    def _number(self, typed: str, at: int, low: int, high: int, what: str) -> int:
        if re.fullmatch("[0-9]{1,4}", typed) and low <= int(typed) <= high:
            return int(typed)
        named = what == f"the {self.field.name}"
        right = self.field.example if named else f"{low} to {high}"
        raise _fault(self.text, at, f"{what} must be {right}, not {typed!r}")


def _listed(names: list[str]) -> str:
    verb = "" if len(names) == len(FIELDS) else " is" if len(names) == 1 else " are"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) + verb


def _fault(text: str, at: int, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"expression {text!r}, character {at + 1}: {why}.",
        field="expression",
        more={"position": at + 1},
    )
