"""The connections that are open, and which of them makes room when there are too many."""

from __future__ import annotations

import time
from collections import Counter
from itertools import chain
from typing import Protocol

import structlog

TOLD_EVERY = 60.0
"""Seconds between two lines of the log, however many connections are closed."""

log = structlog.get_logger("sluice.api")


class Closable(Protocol):
    @property
    def address(self) -> str: ...

    def abort(self) -> None: ...


class OpenConnections:
    """Whichever has let the server wait longest makes room, no matter for what: if one kind came
    first, such as half a head, then many of another kind, such as half a body, would leave a new
    caller no time to send its own. One that is being answered never makes room.
    """

    def __init__(self, most: int, most_per_address: int | None) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._open: set[Closable] = set()
        self._of_address: Counter[str] = Counter()
        self._done: dict[Closable, None] = {}
        # For what the caller is to send, or to read; in the order in which the waiting began.
        self._waiting: dict[Closable, None] = {}
        self._closed = 0
        self._told = -TOLD_EVERY

    def enter(self, connection: Closable) -> bool:
        """Take it in as waiting, and close others if need be. False: there is no room, and nothing
        that could be closed for it; it is to be refused."""
        fits = self._make_room(connection.address)
        self._open.add(connection)
        self._of_address[connection.address] += 1
        self._waiting[connection] = None
        return fits

    def begin_waiting(self, connection: Closable) -> None:
        self.end_waiting(connection)
        if connection in self._open:
            self._waiting[connection] = None

    def end_waiting(self, connection: Closable) -> None:
        self._waiting.pop(connection, None)

    def refused(self, connection: Closable) -> None:
        """It has its answer, and is the first that may go."""
        self.end_waiting(connection)
        if connection in self._open:
            self._done[connection] = None

    def leave(self, connection: Closable) -> None:
        """Does nothing if it has left already."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        self._waiting.pop(connection, None)
        self._done.pop(connection, None)
        self._of_address[connection.address] -= 1
        if not self._of_address[connection.address]:
            del self._of_address[connection.address]

    def _make_room(self, address: str) -> bool:
        most = self._most_per_address
        while most is not None and self._of_address[address] >= most:
            if not self._close_one(address):
                return False
        while len(self._open) >= self._most:
            if not self._close_one(None):
                return False
        return True

    def _close_one(self, address: str | None) -> bool:
        """Of this address, unless it is None."""
        for connection in chain(self._done, self._waiting):
            if address is None or connection.address == address:
                self.leave(connection)  # its socket is closed a moment later
                connection.abort()
                self._tell(closed=1)
                return True
        self._tell(closed=0)
        return False

    def _tell(self, closed: int) -> None:
        self._closed += closed
        if time.monotonic() - self._told >= TOLD_EVERY:
            self._told = time.monotonic()
            log.warning("connections_full", open=len(self._open), closed=self._closed)
            self._closed = 0
