"""Ports for processes that a test starts, and that open them by themselves; one that is shut."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager


def free_port() -> int:
    """Of this machine's loopback, and free just now.

    Not one that the system would give to a client (from 32,768 on, by default): between the look
    and the server's own opening, somebody's connection would be given it.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(12_000, 32_000)
        with socket.socket() as bound:
            try:
                bound.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            return port


@contextmanager
def closed_port() -> Iterator[int]:
    """One that is ours, so that nobody else listens on it; and neither do we."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
