"""What ``finish`` is given: a run whose items have all ended, and the items themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from app.store.statuses import ItemStatus, RunStatus
from app.workflows.contract.context import Cost

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class ItemResult(Generic[ResultT]):
    """``result``: what ``execute`` returned, in the family's own type; None if there is none."""

    item_id: str
    status: ItemStatus
    attempts: int
    result: ResultT | None
    error_class: str | None
    error_message: str | None
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class ItemPages(Protocol[ResultT]):
    """A run's items, by id, read page by page."""

    def items(
        self, *, status: ItemStatus | str | None = None
    ) -> AsyncIterator[ItemResult[ResultT]]: ...


@dataclass(frozen=True, slots=True)
class FinishedRun(Generic[ResultT]):
    """A run whose items have all ended.

    ``status``: the one it ends with if ``finish`` succeeds. ``failed``: includes items that timed
    out. ``spent``: what its items reported.
    """

    id: str
    status: RunStatus
    params: Any  # the family's own params
    scheduled: int
    succeeded: int
    skipped: int
    failed: int
    cancelled: int
    spent: Cost
    started_at: datetime | None
    pages: ItemPages[ResultT]

    def items(
        self, *, status: ItemStatus | str | None = None
    ) -> AsyncIterator[ItemResult[ResultT]]:
        """``async for item in run.items(status="succeeded")``. Only one page of them is in memory
        at a time.

        Args:
            status: only these, such as ``"failed"``.

        Raises:
            BadInput: no item has such a status.
            Conflict: a result can no longer be read as the family's type.
        """
        return self.pages.items(status=status)
