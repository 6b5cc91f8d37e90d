"""What became of every message, as ``GET /v2/events`` tells it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.qstash_dev.state.message import MessageState, QStashMessage

MOST_ENTRIES = 100_000
MOST_BYTES = 64 * 1024 * 1024
"""Of the bodies of what is remembered."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """
    Args:
        number: counts up, and is the place in a list.
        time: Unix seconds.
        next_delivery: of a ``RETRY``, Unix seconds.
        status, headers, body: of the destination's answer, of an ``ERROR``.
    """

    number: int
    time: float
    message: QStashMessage
    state: MessageState
    error: str | None = None
    next_delivery: float | None = None
    status: int | None = None
    headers: dict[str, list[str]] | None = None
    body: bytes | None = None


class EventLog:
    """The last of what happened; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque()
        self._bytes = 0
        self._number = 0
        self._changed = asyncio.Event()

    @property
    def entries(self) -> list[LogEntry]:
        """The oldest first."""
        return list(self._entries)

    def add(
        self,
        message: QStashMessage,
        state: MessageState,
        now: float,
        *,
        error: str | None = None,
        next_delivery: float | None = None,
        status: int | None = None,
        headers: dict[str, list[str]] | None = None,
        body: bytes | None = None,
    ) -> None:
        self._number += 1
        entry = LogEntry(
            self._number, now, message, state, error, next_delivery, status, headers, body
        )
        self._entries.append(entry)
        self._bytes += _size(entry)
        while len(self._entries) > MOST_ENTRIES or self._bytes > MOST_BYTES:
            self._bytes -= _size(self._entries.popleft())
        self.wake()

    def newest(
        self, matches: Callable[[LogEntry], bool], *, before: int | None, count: int
    ) -> tuple[list[LogEntry], int | None]:
        """The newest first, and the cursor of what follows; None: nothing does.

        Args:
            before: an earlier answer's cursor.
        """
        found: list[LogEntry] = []
        for entry in reversed(self._entries):
            if (before is None or entry.number < before) and matches(entry):
                if len(found) == count:
                    return found, found[-1].number
                found.append(entry)
        return found, None

    def wake(self) -> None:
        """Have everybody look again who waits ``until`` something is so."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds, looked at whenever something happened."""
        while not condition():
            await self._changed.wait()


def _size(entry: LogEntry) -> int:
    """Of a message's body too often, where many entries are about it: it errs on the safe side."""
    return len(entry.message.body) + len(entry.body or b"")
