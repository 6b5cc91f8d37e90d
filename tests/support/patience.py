"""How long a test waits for what must come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which a wait is given up. They mean "for ever", and no more: beside others, a
machine may take ten times as long for anything. A test that is about a time says it so that a
machine which is late cannot make it untrue: by a clock of its own (``virtual_time``), from before
the cause (``rates``), in an order or a number, or by how busy the machine is then (``stretch``)."""


async def until(condition: Callable[[], bool]) -> None:
    """Return once this is true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)
