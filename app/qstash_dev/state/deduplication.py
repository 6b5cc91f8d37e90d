"""Which messages were published already."""

from __future__ import annotations

import hashlib

from app.qstash_dev.clock import Clock
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.header_fields import HeaderFields

WINDOW = 600.0
"""Seconds that an id is remembered for."""
LONGEST_ID = 256


def deduplication_id(fields: HeaderFields, destination: str, body: bytes) -> str | None:
    """The id under which a message is published once; None: it is published in any case.

    Raises:
        QStashRefusal: the id is too long, or has a colon.
    """
    given = fields.get("Upstash-Deduplication-Id")
    if given is not None:
        if len(given) > LONGEST_ID or ":" in given:
            raise QStashRefusal(
                f"Upstash-Deduplication-Id may have no colon, and {LONGEST_ID} characters at most."
            )
        return given
    if (fields.get("Upstash-Content-Based-Deduplication") or "").lower() not in ("true", "1"):
        return None
    content = hashlib.sha256()
    headers = [part for pair in fields.forwarded() for part in pair]
    for part in (destination.encode(), body, *(text.encode() for text in headers)):
        content.update(len(part).to_bytes(8, "big") + part)
    return f"content:{content.hexdigest()}"  # nobody can give an id with a colon


class Deduplication:
    """
    Args:
        window: seconds, which the clock does not shorten.
    """

    def __init__(self, clock: Clock, window: float = WINDOW) -> None:
        self._clock = clock
        self._window = window
        self._known: dict[tuple[str, str], tuple[str, float]] = {}

    def first(self, told: str, url: str) -> str | None:
        """The message that was published to this URL under this id; None: none, lately."""
        now = self._clock.now()
        # They expire in the order in which they came.
        while self._known and (oldest := next(iter(self._known))):
            if self._known[oldest][1] > now:
                break
            del self._known[oldest]
        known = self._known.get((told, url))
        return None if known is None else known[0]

    def remember(self, told: str, url: str, message_id: str) -> None:
        self._known[told, url] = message_id, self._clock.now() + self._window
