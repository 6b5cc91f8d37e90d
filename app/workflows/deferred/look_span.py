"""How long a look at providers' batches may take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class LookSpan:
    """
    Args:
        end: by the event loop's clock; a call that is under way then is cut off. None: never.
        middle: after which no call begins: it would be cut off for having begun late.
    """

    end: float | None = None
    middle: float | None = None

    @classmethod
    def of(cls, seconds: float) -> Self:
        """From now."""
        now = asyncio.get_running_loop().time()
        return cls(now + seconds, now + seconds / 2)

    @property
    def is_late(self) -> bool:
        return self.middle is not None and asyncio.get_running_loop().time() > self.middle


ENDLESS = LookSpan()
