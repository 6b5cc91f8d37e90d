"""How a delivery is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


OVER = DeliveryAnswer(200)
"""This letter has served its purpose. Where its message is to come again, another is under way."""
NEVER = DeliveryAnswer(489, {"Upstash-NonRetryable-Error": "true"})
"""Nothing can ever come of it."""


def come_again(after: timedelta) -> DeliveryAnswer:
    """Nothing was done; the same letter shall come again."""
    return DeliveryAnswer(503, {"Retry-After": str(max(1, round(after.total_seconds())))})
