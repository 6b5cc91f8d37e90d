"""What earlier deliveries of an item left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery
from app.store import items
from app.store.database import reading
from app.store.lifecycle import ItemStatus
from app.workflows.attempt import History
from app.workflows.messages import ExecuteMessage


@dataclass(slots=True)
class Former:
    """``steps``: some are remembered. ``lost``: see ``app.workflows.losses``."""

    history: History
    steps: bool = False
    suspended: bool = False
    lost: int = 0


async def former_of(
    database: AsyncEngine, message: ExecuteMessage, delivery: Delivery
) -> Former | None:
    """None: the item has an outcome already, or was never scheduled."""
    if delivery.attempt == 1 and not message.seen:
        return Former(History())  # nothing can have been written yet: no need to ask
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
    return Former(history, has_steps, suspended, item.lost)
