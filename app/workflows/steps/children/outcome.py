"""How a child ended, as its parent's step has it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine
from app.store.items import items
from app.store.statuses import ItemStatus, StepStatus
from app.store.steps import steps, suspension
from app.store.tables.runs import Run
from app.workflows.contract.exceptions import ChildFailed
from app.workflows.messages import of_woken
from app.workflows.registry.bound_family import BoundFamily


def result_of(step: str, bound: BoundFamily, text: str | None) -> Any:  # of the child's own type
    """The child's result as its parent's step has it; None: the child was skipped.

    Raises:
        ChildFailed: it ended in another way.
    """
    ended: dict[str, Any] = json.loads(text or "{}")  # as `tell_parent` wrote it
    outcome = ended.get("outcome")
    if outcome == ItemStatus.SUCCEEDED:
        return bound.results.read(json.dumps(ended["result"]), ended.get("exact"))
    if outcome == ItemStatus.SKIPPED:
        return None
    raise ChildFailed(step, outcome or "gone", ended.get("message"))


async def tell_parent(engine: Engine, tx: AsyncConnection, child: Run) -> None:
    """The child has ended: its parent's step is done, and the parent goes on if it waits."""
    if child.parent_run is None or child.parent_item is None or child.parent_step is None:
        return
    ended: dict[str, Any] = {"outcome": ItemStatus.CANCELLED, "message": child.detail}
    for item in await items.page_of_items(tx, child.id, limit=1):
        ended = {"outcome": item.status, "result": item.result, "message": item.error_message}
        if item.exact is not None:
            ended["exact"] = item.exact
    place = (child.parent_run, child.parent_item)
    # Whoever ends a child has locked it already, before the runs.
    await suspension.lock(tx, [place])
    asked = (*place, child.parent_step)
    if await steps.answer(tx, asked, StepStatus.WAITING, json.dumps(ended), None):
        await engine.publish(tx, of_woken(await suspension.go_on(tx, [place])))
