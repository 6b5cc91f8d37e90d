"""What ``ctx.wait_for`` asks for, and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MatchedEvent:
    """An event that an item has waited for. ``at``: when it happened, by its sender's clock."""

    id: str
    name: str
    data: Mapping[str, Any]  # JSON as its sender wrote it
    at: datetime


@dataclass(frozen=True, slots=True)
class AskedEvent:
    """As the author's code says it."""

    name: str
    match: str
    value: str | int | UUID | None
    since: datetime | None
