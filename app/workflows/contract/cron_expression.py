"""Checks a cron expression and its time zone, and says where a misspelt one is wrong.

CronSim decides what an expression may say. It accepts two things that are always mistakes, which
are refused here: a step that is longer than its field, and a step behind ``L``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError

from app.errors import ConfigurationError, nearest

LONGEST_EXPRESSION = 200
LONGEST_ZONE = 100
_NO_PLACES = frozenset({"localtime", "posixrules", "Factory"})
"""Zone files that some machines have, and that mean another zone on each."""
_DATE = 2
"""The index of the day of the month among the fields."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    values: str
    highest: int


FIELDS = (
    _Field("minute", "0 to 59", 59),
    _Field("hour", "0 to 23", 23),
    _Field("day of the month", "1 to 31", 31),
    _Field("month", "1 to 12 or JAN to DEC", 12),
    _Field("day of the week", "0 to 7 or SUN to SAT", 7),
)


def check_expression(text: str) -> None:
    """
    Raises:
        ConfigurationError: it is no expression of five fields. The message and ``more["position"]``
            say at which character the error begins, counted from 1.
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
    for index, part in enumerate(parts):
        at = part.start()
        for term in part[0].split(","):
            _check_term(text, index, term, at)
            at += len(term) + 1
    if len(parts) < len(FIELDS):
        raise _fault(
            text, len(text), f"{_listed(names[len(parts) :])} missing; a star stands for any"
        )
    if not _comes(text):
        at = parts[_DATE].start()
        why = f"no date is {parts[_DATE][0]!r} in these months, and it never comes"
        raise _fault(text, at, why)


def _check_term(text: str, index: int, term: str, at: int) -> None:
    field = FIELDS[index]
    if not _comes(" ".join(term if n == index else "*" for n in range(len(FIELDS)))):
        raise _fault(text, at, f"the {field.name} must be {field.values}, not {term!r}")
    base, slash, step = term.partition("/")
    if slash and base.upper() in ("L", "LW"):
        raise _fault(text, at + len(base), f"{base} has no step")
    if slash and int(step) > field.highest:
        why = f"the step of the {field.name} must be 1 to {field.highest}, not {step!r}"
        raise _fault(text, at + len(base) + 1, why)


def _comes(expression: str) -> bool:
    try:
        next(CronSim(expression, datetime.now(UTC)))
    except (CronSimError, StopIteration):
        return False
    return True


def _listed(names: list[str]) -> str:
    verb = "" if len(names) == len(FIELDS) else " is" if len(names) == 1 else " are"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) + verb


def _fault(text: str, at: int, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"expression {text!r}, character {at + 1}: {why}.",
        field="expression",
        more={"position": at + 1},
    )


def check_zone(name: str) -> None:
    """
    Raises:
        ConfigurationError: there is no such time zone. The message says from which character on,
            and which names are similar.
    """
    zones = _zones()
    if name in zones:
        return
    at, prefix = 0, ""
    for part in name.split("/"):
        if not any(zone == prefix + part or zone.startswith(f"{prefix}{part}/") for zone in zones):
            break
        prefix += f"{part}/"
        at = min(len(prefix), len(name))
    alike = _alike(name[:LONGEST_ZONE], zones)
    hint = f" Did you mean {' or '.join(alike)}?" if alike else " Names are as Europe/Berlin."
    raise ConfigurationError(
        f"tz {name[:LONGEST_ZONE]!r}, character {at + 1}: there is no such time zone.{hint}",
        field="tz",
        more={"position": at + 1},
    )


def _alike(name: str, zones: frozenset[str]) -> list[str]:
    place = name.lower().rpartition("/")[2].replace(" ", "_")
    same = [zone for zone in sorted(zones) if zone.lower().rpartition("/")[2] == place]
    return same[:3] or nearest(name, sorted(zones), most=2, nearness=0.8)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Every name, read once: it takes tens of milliseconds."""
    return frozenset(available_timezones()) - _NO_PLACES
