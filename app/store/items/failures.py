"""What failed in a run: grouped, and chosen anew for a retry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, Text, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.statuses import ItemStatus
from app.store.tables.items import Item

_ITEM = Item.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
FAILED = (ItemStatus.FAILED, ItemStatus.TIMED_OUT)
MOST_GROUPS = 100
SAMPLES = 5


class RetrySelection(BaseModel):
    """Which items of a run: all conditions that are given must hold."""

    model_config = ConfigDict(frozen=True)

    statuses: tuple[ItemStatus, ...] = FAILED
    error_class: str | None = None
    error_group: str | None = None
    item_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one class that say the same. ``samples``: at most five item ids."""

    error_class: str
    error_group: str
    count: int
    first_at: datetime
    last_at: datetime
    samples: list[str]


async def groups(tx: AsyncConnection, run_id: str) -> list[Group]:
    """The largest first, at most a hundred."""
    number = func.count()
    ids: Any = func.array_agg(
        aggregate_order_by(_ITEM.c.item_id, _ITEM.c.item_id), type_=ARRAY(Text)
    )
    query = (
        select(
            _ITEM.c.error_class,
            _ITEM.c.error_group,
            number.label("number"),
            func.min(_ITEM.c.finished_at).label("first_at"),
            func.max(_ITEM.c.finished_at).label("last_at"),
            ids[1:SAMPLES].label("samples"),
        )
        .where(_ITEM.c.run_id == run_id, _ITEM.c.status.in_(FAILED))
        .group_by(_ITEM.c.error_class, _ITEM.c.error_group)
        .order_by(number.desc(), _ITEM.c.error_class, _ITEM.c.error_group)
        .limit(MOST_GROUPS)
    )
    return [
        Group(
            row.error_class or "", row.error_group or "", row.number, row.first_at, row.last_at,
            row.samples,
        )
        for row in await tx.execute(query)
    ]  # fmt: skip


async def count_chosen(tx: AsyncConnection, run_id: str, which: RetrySelection) -> int:
    query = select(func.count()).select_from(_chosen(run_id, which).subquery())
    return int(await tx.scalar(query) or 0)


async def page_of_chosen(
    tx: AsyncConnection, run_id: str, which: RetrySelection, *, after_id: str | None, limit: int
) -> list[str]:
    """Ids, by id."""
    query = _chosen(run_id, which).order_by(_ITEM.c.item_id).limit(limit)
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    return list((await tx.scalars(query)).all())


def _chosen(run_id: str, which: RetrySelection) -> Select[Any]:  # of one column of text
    return select(_ITEM.c.item_id).where(_ITEM.c.run_id == run_id, *conditions(which))


def conditions(which: RetrySelection) -> list[ColumnElement[bool]]:
    """The conditions on an item's row."""
    found = [_ITEM.c.status.in_(which.statuses)]
    if which.error_class is not None:
        found.append(func.coalesce(_ITEM.c.error_class, "") == which.error_class)
    if which.error_group is not None:
        found.append(func.coalesce(_ITEM.c.error_group, "") == which.error_group)
    if which.item_ids is not None:
        found.append(_ITEM.c.item_id.in_(which.item_ids))
    return found
