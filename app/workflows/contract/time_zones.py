"""Names of time zones, and where one that is misspelt is wrong."""

from __future__ import annotations

import difflib
from functools import lru_cache
from zoneinfo import available_timezones

from app.errors import ConfigurationError

LONGEST_ZONE = 100
_NO_PLACES = frozenset({"localtime", "posixrules", "Factory"})
"""Of some machines, and another zone on each."""


def check_zone(name: str) -> None:
    """
    Raises:
        ConfigurationError: there is no such time zone. Says from which character on, and which
            names are like it.
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
    by_lower = {zone.lower(): zone for zone in sorted(zones)}
    place = name.lower().rpartition("/")[2].replace(" ", "_")
    same = [zone for lower, zone in by_lower.items() if lower.rpartition("/")[2] == place]
    close = difflib.get_close_matches(name.lower(), by_lower, n=2, cutoff=0.8)
    return same[:3] or [by_lower[lower] for lower in close]


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Every name, read once: it takes tens of milliseconds."""
    return frozenset(available_timezones()) - _NO_PLACES
