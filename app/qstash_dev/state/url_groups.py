"""URL groups, which the wire calls topics: one message to each URL of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.qstash_dev.clock import Clock
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.destinations import check_url
from app.qstash_dev.wire.flow_limits import check_name

MOST_GROUPS = 1_000
MOST_ENDPOINTS = 100


@dataclass(slots=True)
class UrlGroup:
    """
    Args:
        created_at, updated_at: Unix seconds.
        endpoints: URLs, and the name of each; None: it has none.
    """

    name: str
    created_at: float
    updated_at: float
    endpoints: dict[str, str | None] = field(default_factory=dict)


class UrlGroups:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._groups: dict[str, UrlGroup] = {}

    def all(self) -> list[UrlGroup]:
        return sorted(self._groups.values(), key=lambda group: group.name)

    def find(self, name: str) -> UrlGroup:
        """
        Raises:
            QStashRefusal: there is none of this name.
        """
        group = self._groups.get(check_name(name, "URL group"))
        if group is None:
            raise QStashRefusal(f"There is no URL group {name!r}.", 404)
        return group

    def add(self, name: str, endpoints: dict[str, str | None]) -> None:
        """The group is made where there is none.

        Raises:
            QStashRefusal: one of them is no URL, or there are too many.
        """
        check_name(name, "URL group")
        for url in endpoints:
            check_url(url, "An endpoint")
        now = self._clock.now()
        group = self._groups.get(name) or UrlGroup(name, now, now)
        if len(group.endpoints | endpoints) > MOST_ENDPOINTS:
            raise QStashRefusal(f"A URL group has {MOST_ENDPOINTS} endpoints at most.", 412)
        if name not in self._groups and len(self._groups) >= MOST_GROUPS:
            raise QStashRefusal(f"There are {MOST_GROUPS} URL groups already.", 412)
        group.endpoints |= endpoints
        group.updated_at = now
        self._groups[name] = group

    def take_out(self, name: str, *, urls: set[str], names: set[str]) -> None:
        """A group that has no endpoint then is gone."""
        group = self.find(name)
        group.endpoints = {
            url: named
            for url, named in group.endpoints.items()
            if url not in urls and (named is None or named not in names)
        }
        group.updated_at = self._clock.now()
        if not group.endpoints:
            self.remove(name)

    def remove(self, name: str) -> None:
        self._groups.pop(check_name(name, "URL group"), None)
