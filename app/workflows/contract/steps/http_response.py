"""What ``ctx.call`` answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP response as a step remembers it. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """As UTF-8, with a replacement character for what is none."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:  # whatever was answered
        """
        Raises:
            ValueError: the body is no JSON.
        """
        return json.loads(self.body)
