"""What a run will take: from its flow control, from its family, and from earlier runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, LiveControl
from app.store.database import reading
from app.store.runs.averages import Averages, averages
from app.workflows.contract.context import Cost
from app.workflows.counting.eligibility_count import EligibilityCount
from app.workflows.counting.partition_sizes import PartitionSizes
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
        found: EligibilityCount,
        sampled: Averages | None = None,
    ) -> Estimate:
        """What the run will take by the limits in force now."""
        await self.controls.refresh()
        async with reading(self.database) as connection:
            earlier = await averages(connection, bound.name)
        limits = {layer: self.controls.of(bound.flow_key(layer)) for layer in Layer}
        return estimate(bound, params, found, earlier, limits, sampled)


def estimate(
    bound: BoundFamily,
    params: BaseModel,
    found: EligibilityCount,
    earlier: Averages | None,
    limits: Mapping[Layer, LiveControl],
    sampled: Averages | None = None,
) -> Estimate:
    """What the run will take by these limits.

    Args:
        earlier: what an item took in earlier runs; None: there were none.
        sampled: what it took in a sample of these, which counts before that; None: there was none.
    """
    items = found.statistics.to_process
    if items is None:
        return Estimate(seconds=None, basis="the number of items is not known")
    if items == 0:
        return Estimate(seconds=0.0, basis="there is nothing to do", usd=0.0, tokens=0)
    sizes = found.partitions
    measured, where = (earlier, "earlier runs") if sampled is None else (sampled, "the sample")
    seconds, basis = _time(bound, found, items, measured, where, limits)
    cost, cost_basis = _cost(bound, params, earlier, sampled)
    return Estimate(
        seconds=seconds,
        basis=basis,
        at_least=seconds is not None and sizes is not None and not sizes.exact,
        usd=None if cost is None else round(cost.usd * items, 6),
        tokens=None if cost is None else round(cost.tokens * items),
        cost_basis=cost_basis,
    )


def _time(
    bound: BoundFamily,
    found: EligibilityCount,
    items: int,
    measured: Averages | None,
    where: str,
    limits: Mapping[Layer, LiveControl],
) -> tuple[float | None, str]:
    item_seconds = None if measured is None else measured.seconds
    execute, paginate = limits[Layer.EXECUTE], limits[Layer.PAGINATE]
    bounds: list[tuple[float, str]] = []

    def bound_by(control: FlowControl, number: int, words: str) -> None:
        work = control.seconds_for(number, item_seconds)
        took = f", {item_seconds:.3g} s an item in {where}" if item_seconds else ""
        if work is not None:  # a rate alone bounds items however long they take
            bounds.append((work, f"execute at {words}{took if control.parallelism else ''}"))

    bound_by(execute.control, items, _limit(execute))
    slowest = _slowest(execute, found.partitions)
    for name, number in slowest.items():
        bound_by(execute.of_partition(name), number, _limit_of(execute, name, number))
    pages = math.ceil((found.statistics.total_eligible or items) / bound.family.page_size)
    paging = paginate.control.seconds_for(pages, None)
    if paging is not None:
        bounds.append((paging, f"paginate at {_limit(paginate)}"))
    if bounds:
        seconds, basis = max(bounds)
        return round(seconds, 1), basis
    controls = [execute.control, *map(execute.of_partition, slowest)]
    each, sizes = execute.partition, found.partitions
    if each is not None and sizes is not None and not sizes.exact:
        if each.seconds_for(items, item_seconds) is not None:
            return None, "it was not counted in time how many items each partition has"
        controls.append(each)
    if all(control.parallelism is None for control in controls):
        return None, "no flow control bounds it"
    return None, f"execute at {_limit(execute)}, and no earlier run tells what an item takes"


def _slowest(execute: LiveControl, sizes: PartitionSizes | None) -> dict[str, int]:
    """Partitions that may take longest, with their sizes: those whose limits are pinned, and the
    largest of the others."""
    if execute.partition is None or sizes is None:
        return {}
    pinned = {name: n for name, n in sizes.by_name.items() if name in execute.partitions}
    others = sizes.by_name.keys() - pinned.keys()
    largest = max(others, key=lambda name: (sizes.by_name[name], name), default=None)
    return pinned if largest is None else {**pinned, largest: sizes.by_name[largest]}


def _limit(live: LiveControl) -> str:
    return f"{live.control}{_state(live, pinned=live.pinned)}"


def _limit_of(live: LiveControl, name: str, number: int) -> str:
    state = _state(live, pinned=name in live.partitions)
    items = "1 item" if number == 1 else f"{number:,} items"
    return f"{live.of_partition(name)}{state}, the {items} of partition {name}"


def _state(live: LiveControl, *, pinned: bool) -> str:
    return f"{', as pinned' if pinned else ''}{', once it is resumed' if live.paused else ''}"


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
