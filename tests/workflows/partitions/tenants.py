"""A family whose items belong to tenants, and write down when they were at work."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.workflows.contract.cron import Overlap
from app.workflows.family import Context, FamilyParams, Flow, FlowControl
from tests.support.families import Recording, Work
from tests.support.patience import until
from tests.support.users import User


@dataclass(frozen=True)
class Execution:
    partition: str
    began: float
    ended: float


def by_digit() -> Any:  # an expression
    """The last letter but one: ten partitions, of ten among a hundred each."""
    return func.substr(User.id, 5, 1)


class Tenants(Recording):
    """``done_at``: its executions, as they wrote them down themselves."""

    overlap = Overlap.ALLOW
    max_failure_rate = None

    def __init__(
        self,
        control: FlowControl,
        *,
        work: Work | None = None,
        item_seconds: float = 0.01,
        column: Callable[[], Any] = by_digit,
        of: Callable[[str], str] = lambda item_id: item_id[4],
    ) -> None:
        super().__init__(work)
        self.flow = Flow(execute=control)  # type: ignore[misc]  # a class's, and here of one object
        self.item_seconds = item_seconds
        self.column, self.of = column, of
        self.done_at: list[Execution] = []

    def eligible(self, params: FamilyParams) -> Select[Any, Any]:
        return select(col(User.id), self.column()).where(col(User.active))

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        began = time.monotonic()
        try:
            await asyncio.sleep(self.item_seconds)
            return await super().execute(entity, params, ctx)
        finally:
            self.done_at.append(Execution(self.of(entity), began, time.monotonic()))

    async def until_done(self, number: int) -> None:
        """Return once so many executions are over."""
        await until(lambda: len(self.done_at) >= number)

    def most_at_once(self) -> Counter[str]:
        most: Counter[str] = Counter()
        for partition in {one.partition for one in self.done_at}:
            mine = [one for one in self.done_at if one.partition == partition]
            changes = sorted([(o.began, 1) for o in mine] + [(o.ended, -1) for o in mine])
            now = 0
            for _, change in changes:
                now += change
                most[partition] = max(most[partition], now)
        return most
