"""A service with few places, and families whose work goes on until the test lets it end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from app.api.admission.concurrency import ConcurrencyLimit
from app.tokens import parse_tokens
from app.workflows.family import Context, FamilyParams
from tests.support.families import Recording
from tests.support.http import app_of, serving
from tests.support.patience import PATIENCE
from tests.support.service import Sluice

ONE = "secret-of-one-0123456789"
OTHER = "secret-of-other-0123456789"
TOKENS = parse_tokens(f"one[read]:{ONE},other[read]:{OTHER}")


def places(
    each: int, total: int | None = None, *, what: str = "of them", patience: float = 0.1
) -> ConcurrencyLimit:
    return ConcurrencyLimit(what, each=each, total=total, patience=patience)


@asynccontextmanager
async def bounded(
    sluice: Sluice,
    **limits: Any,  # those of CallLimits
) -> AsyncIterator[str]:
    """The address of a socket behind which the API has these limits in place of its own."""
    app = app_of(sluice)
    app.state.api = replace(sluice.service.api, limits=replace(sluice.service.api.limits, **limits))
    async with serving(app) as url:
        yield url


class SlowlyFiltered(Recording):
    """``existing`` waits until it is let go. ``inside``: how many calls of it wait now."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()
        self.inside = self.most = 0

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.let_go.wait()
        finally:
            self.inside -= 1
        return self.done.intersection(ids)

    async def until_inside(self, number: int) -> None:
        """Wait until exactly so many are."""
        async with asyncio.timeout(PATIENCE):
            while self.inside != number:
                await asyncio.sleep(0.005)
