"""SIGTERM and SIGINT: the first asks, the second does not."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Within a running loop: the first signal calls ``stop``, a second ends the process at once."""
    loop = asyncio.get_running_loop()
    asked = False

    def handle(number: signal.Signals) -> None:
        nonlocal asked
        if asked:
            # What is in hand is delivered anew; embedded servers stop when their locks go.
            os._exit(128 + number)
        asked = True
        stop()

    for number in _SIGNALS:
        loop.add_signal_handler(number, handle, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
