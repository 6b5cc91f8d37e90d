"""How late a start may be that a rate has given a moment."""

from __future__ import annotations

import asyncio

from app.flow.limits import FlowControl

LATE = 0.005
"""Seconds by which any start may be late."""


def late(due: float, *limits: FlowControl) -> bool:
    """Whether a start now would come too close to those that follow.

    Args:
        due: by the loop's clock.
    """
    intervals = [one.interval.total_seconds() for one in limits if one.interval is not None]
    by = asyncio.get_running_loop().time() - due
    return bool(intervals) and by > max(min(intervals), LATE)
