"""Items of a run as code reads them: with what execute returned, and what they wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from app.errors import Conflict
from app.store.statuses import ItemStatus
from app.store.tables.items import Item
from app.store.tables.steps import Output
from app.workflows.contract.finished_run import ItemResult
from app.workflows.registry.bound_family import BoundFamily


def item_result(bound: BoundFamily | None, item: Item, *, finish: bool = False) -> ItemResult[Any]:
    """
    Args:
        bound: the family; None: it is not here any more, and the result is as its JSON reads.
        finish: it is that of a run's finish.

    Raises:
        Conflict: the family does not read the result any more.
    """
    return ItemResult(
        item_id=item.item_id,
        status=ItemStatus(item.status),
        attempts=item.attempts,
        result=item.result if bound is None else _read(bound, item, finish=finish),
        error_class=item.error_class,
        error_message=item.error_message,
        scheduled_at=item.scheduled_at,
        started_at=item.started_at,
        finished_at=item.finished_at,
    )


def _read(bound: BoundFamily, item: Item, *, finish: bool) -> Any:  # of the family's own type
    if item.result is None and item.exact is None:
        return None
    results = bound.finishes if finish else bound.results
    try:
        return results.read(json.dumps(item.result), item.exact)
    except ValueError as error:  # pydantic's are ValueErrors, and so are the codec's
        raise Conflict(
            f"What {bound.name} returned for {item.item_id!r} is not of the type that it returns"
            f" now. GET /api/runs/{item.run_id}/items shows it as JSON."
        ) from error


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """What an item wrote with ``ctx.stream``. ``attempt``: of the item; an earlier one may have
    written the same."""

    id: int
    attempt: int
    data: Any  # as the family wrote it
    at: datetime

    @classmethod
    def of(cls, output: Output) -> Self:
        return cls(output.id or 0, output.attempt, json.loads(output.data), output.at)
