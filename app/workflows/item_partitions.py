"""Which partition each item is of, where the partitions of a family's items have limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.arrays import texts
from app.engine import OutgoingMessage
from app.flow.overrides import EffectiveLimits
from app.store.database import reading
from app.store.items import parked_items
from app.store.items.parked_items import Window
from app.store.runs.counters import RunProgress
from app.store.statuses import RunStatus
from app.workflows.contract.context import Context
from app.workflows.keys import Layer, flow_key
from app.workflows.messages import executions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.sources.item_ids import checked_partition
from app.workflows.sources.sql_source import AsGiven, columns_of, required

TOGETHER = 20
"""Items in a message, of whatever partitions, of which others have just ended."""
OF_A_RATE = 20
"""Items of a partition that may have begun, or be about to, where only its rate is limited."""


_TYPES: Mapping[object, Any] = {None: Text(), int: BigInteger(), UUID: Uuid()}
"""Of ids, as a driver takes them."""


def type_of(bound: BoundFamily) -> object:
    return None if bound.ids is None else bound.ids.kind


def partitioned(bound: BoundFamily) -> bool:
    return bound.family.flow.execute.partitioned


async def partitions_of(
    bound: BoundFamily, params: BaseModel, ctx: Context, item_ids: Sequence[str]
) -> dict[str, str]:
    """By id, in the order of the ids, the second column of ``eligible``. Empty: it is NULL, or
    ``eligible`` does not select the item now.

    Raises:
        SourceMisused: one is too long.
    """
    with told(bound.name, "eligible()"):
        statement = bound.family.eligible(params)
    ids, partition = columns_of(statement)
    names = required(partition, bound.name)
    if not item_ids:
        return {}
    wanted = item_ids if bound.ids is None else [bound.ids.read(one) for one in item_ids]
    # As one array: a parameter for each id would be compiled anew for each page.
    given = texts([one for one in wanted if one is not None])
    among = cast(bindparam("among", given, ARRAY(Text)), ARRAY(_TYPES[type_of(bound)]))
    place = type_coerce(ids, AsGiven())
    # An id that is selected twice counts once, with the same of its partitions each time.
    query: Any = (
        select(cast(ids, Text), func.min(cast(names, Text)))
        .where(place == any_(among))
        .group_by(ids)
    )
    async with reading(ctx.services.database) as connection:
        with told(bound.name, "eligible()"):
            found = {row[0]: row[1] for row in await connection.execute(query)}
    return {one: checked_partition(found.get(one)) for one in item_ids}


@dataclass(frozen=True, slots=True)
class PartitionWindows:
    """How many items of each partition of a run may be on their way: as many as may be at work, so
    that none of them waits in a worker for its partition alone."""

    controls: EffectiveLimits

    def of(self, family: str) -> Window | None:
        """The window of a family's partitions; None: they have no limits."""
        live = self.controls.of(flow_key(family, Layer.EXECUTE))
        if live.partition is None:
            return None
        return lambda name: live.of_partition(name).parallelism or OF_A_RATE

    async def released(
        self,
        tx: AsyncConnection,
        stands: RunProgress,
        run_id: str,
        family: str,
        left: Collection[str],
    ) -> list[OutgoingMessage]:
        """Messages for those that may begin now, of a run that ``tx`` has locked. While it does not
        run, nothing does: its resume looks at all of it.

        Args:
            left: partitions of which items have had an outcome.
            family: by the name that this process knows; the run may have been renamed meanwhile.
        """
        window = self.of(family)
        if window is None or not stands.any_suspended or stands.status != RunStatus.RUNNING:
            return []  # what is parked is suspended
        ids = await parked_items.release(tx, run_id, left, window)
        return executions(stands.family, run_id, ids, TOGETHER, stands.priority)
