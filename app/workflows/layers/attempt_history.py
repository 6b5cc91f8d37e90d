"""What earlier deliveries of an item left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery
from app.store.database import reading
from app.store.items import items
from app.store.statuses import ItemStatus
from app.workflows.layers.attempt import History
from app.workflows.messages import ExecuteMessage


@dataclass(slots=True)
class PriorDeliveries:
    """``steps``: some are remembered. ``lost``: see ``app.workflows.layers.losses``."""

    history: History
    steps: bool = False
    suspended: bool = False
    lost: int = 0


async def load_history(
    database: AsyncEngine, message: ExecuteMessage, delivery: Delivery
) -> PriorDeliveries | None:
    """None: the item has an outcome already, or was never scheduled."""
    if delivery.attempt == 1 and not message.seen:
        return PriorDeliveries(History())  # nothing can have been written yet: no need to ask
    async with reading(database) as connection:
        found = await items.find_with_steps(connection, message.run, message.item)
    if found is None:
        return None
    item, has_steps = found
    if item.status not in (ItemStatus.PENDING, ItemStatus.SUSPENDED):
        return None
    history = History(
        item.attempts,
        item.postponements,
        item.executed,
        json.dumps(item.result) if item.executed else None,
        item.exact,
    )
    suspended = item.status == ItemStatus.SUSPENDED
    return PriorDeliveries(history, has_steps, suspended, item.lost)
