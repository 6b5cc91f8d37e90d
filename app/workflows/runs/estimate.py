"""What a run will take: from its flow control, from its family, and from earlier runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.flow.overrides import EffectiveLimits, LiveControl
from app.store.database import reading
from app.store.runs.averages import Averages, averages
from app.store.runs.runs import Statistics
from app.workflows.contract.context import Cost
from app.workflows.keys import Layer
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.runs.expectation import Estimate


@dataclass(frozen=True, slots=True)
class Estimator:
    database: AsyncEngine
    controls: EffectiveLimits

    async def estimate(
        self,
        bound: BoundFamily,
        params: BaseModel,
        statistics: Statistics,
        sampled: Averages | None = None,
    ) -> Estimate:
        """What the run will take by the limits in force now."""
        await self.controls.refresh()
        async with reading(self.database) as connection:
            earlier = await averages(connection, bound.name)
        limits = {layer: self.controls.of(bound.flow_key(layer)) for layer in Layer}
        return estimate(bound, params, statistics, earlier, limits, sampled)


def estimate(
    bound: BoundFamily,
    params: BaseModel,
    statistics: Statistics,
    earlier: Averages | None,
    limits: Mapping[Layer, LiveControl],
    sampled: Averages | None = None,
) -> Estimate:
    """What the run will take by these limits.

    Args:
        earlier: what an item took in earlier runs; None: there were none.
        sampled: what it took in a sample of these, which counts before that; None: there was none.
    """
    items = statistics.to_process
    if items is None:
        return Estimate(seconds=None, basis="the number of items is not known")
    if items == 0:
        return Estimate(seconds=0.0, basis="there is nothing to do", usd=0.0, tokens=0)
    measured, where = (earlier, "earlier runs") if sampled is None else (sampled, "the sample")
    seconds, basis = _time(bound, statistics, items, measured, where, limits)
    cost, cost_basis = _cost(bound, params, earlier, sampled)
    return Estimate(
        seconds=seconds,
        basis=basis,
        usd=None if cost is None else round(cost.usd * items, 6),
        tokens=None if cost is None else round(cost.tokens * items),
        cost_basis=cost_basis,
    )


def _time(
    bound: BoundFamily,
    statistics: Statistics,
    items: int,
    measured: Averages | None,
    where: str,
    limits: Mapping[Layer, LiveControl],
) -> tuple[float | None, str]:
    item_seconds = None if measured is None else measured.seconds
    execute, paginate = limits[Layer.EXECUTE], limits[Layer.PAGINATE]
    bounds: list[tuple[float, str]] = []
    work = execute.control.seconds_for(items, item_seconds)
    if work is not None:
        took = f", {item_seconds:.3g} s an item in {where}" if item_seconds else ""
        bounds.append((work, f"execute at {_limit(execute)}{took}"))
    pages = math.ceil((statistics.total_eligible or items) / bound.family.page_size)
    paging = paginate.control.seconds_for(pages, None)
    if paging is not None:
        bounds.append((paging, f"paginate at {_limit(paginate)}"))
    if not bounds:
        if execute.control.parallelism is None:
            return None, "no flow control bounds it"
        return None, f"execute at {_limit(execute)}, and no earlier run tells what an item takes"
    seconds, basis = max(bounds)
    return round(seconds, 1), basis


def _limit(live: LiveControl) -> str:
    pinned = ", as pinned" if live.pinned else ""
    return f"{live.control}{pinned}{', once it is resumed' if live.paused else ''}"


class _Average(BaseModel):
    """A mean, where tokens need not be whole."""

    usd: float
    tokens: float


def _cost(
    bound: BoundFamily, params: BaseModel, earlier: Averages | None, sampled: Averages | None
) -> tuple[Cost | _Average | None, str | None]:
    """Of one item, and from where it is known."""
    if sampled is not None and (sampled.usd or sampled.tokens):
        return _Average(usd=sampled.usd, tokens=sampled.tokens), "what the sample spent an item"
    with told(bound.name, "estimate_cost()"):
        cost: Cost | None = bound.family.estimate_cost(params)
    if cost is not None:
        return cost, "the family's estimate_cost"
    if earlier is not None:
        return _Average(usd=earlier.usd, tokens=earlier.tokens), "what earlier runs spent an item"
    if sampled is not None:
        return Cost(), "what the sample spent an item"
    return None, None
