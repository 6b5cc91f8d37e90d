"""Messages on their way to QStash, as ``POST /v2/batch`` takes them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from app.engine.qstash.letter import Letter
from app.engine.qstash.target import DeliveryTarget

BATCH = "/v2/batch"
RETRIES = 3
"""What every plan allows. They are for deliveries that nothing came of; a handler that says "again
after" has its message sent anew."""
RETRY_DELAY = "min(3600000, 10000 * pow(12, retried))"
"""In milliseconds: 10 s, 2 min, 24 min."""
FAILURE_RETRIES = 5


@dataclass(frozen=True, slots=True)
class Publication:
    """A message that is to be sent, under this number."""

    seq: int
    number: uuid.UUID
    id: str
    left: timedelta
    label: str

    def wire(
        self, target: DeliveryTarget, app_url: str, failed_url: str | None
    ) -> dict[str, Any]:  # JSON
        headers = {
            "Content-Type": "application/json",
            "Upstash-Method": "POST",
            "Upstash-Deduplication-Id": str(self.number),
            "Upstash-Retries": str(RETRIES),
            "Upstash-Retry-Delay": RETRY_DELAY,
            "Upstash-Timeout": target.answer_within,
        }
        if target.limits:
            headers["Upstash-Flow-Control-Key"] = target.key
            headers["Upstash-Flow-Control-Value"] = target.limits
        if self.left > timedelta(0):
            moment = ceil(time.time() + self.left.total_seconds())
            headers["Upstash-Not-Before"] = str(moment)
        if self.label:
            headers["Upstash-Label"] = self.label
        if failed_url is not None:
            headers["Upstash-Failure-Callback"] = failed_url
            headers["Upstash-Failure-Callback-Retries"] = str(FAILURE_RETRIES)
        return {
            "destination": app_url + target.path,
            "headers": headers,
            "body": Letter(message=self.id, publication=self.number).text(),
        }


def batch_of(elements: Sequence[dict[str, Any]]) -> str:  # JSON
    return json.dumps(elements)


def taken(answer: object, number: int) -> list[bool]:
    """Which of so many messages QStash has taken, in their order. What it did not speak of is told
    as not taken: to send it once more does no harm."""
    told = answer if isinstance(answer, list) else []
    found = [isinstance(one, dict) and bool(one.get("messageId")) for one in told[:number]]
    return found + [False] * (number - len(found))
