"""The HTTP request that a step makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """``timeout`` in seconds, for each try as a whole. ``hold``: who answers when to come again
    holds the item's flow key."""

    method: str
    url: str
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] | None = None
    json: Any = None
    content: bytes | None = None
    hold: bool = False

    @property
    def shown(self) -> str:
        """Without what may be secret: user, password, query and fragment."""
        try:
            url = httpx2.URL(self.url)
        except httpx2.InvalidURL:
            return self.method
        bare = url.copy_with(username="", password="", query=None, fragment=None)
        return f"{self.method} {bare}"
