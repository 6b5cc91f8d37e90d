"""Rows of a service's own tables, whatever columns these have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from tests.support.service import Sluice

_VALUES: dict[type, object] = {
    bool: True, int: 1, float: 1.0, Decimal: Decimal(1), bytes: b"", list: [], dict: {},
    date: date(2026, 1, 2), datetime: datetime(2026, 1, 2, tzinfo=UTC), timedelta: timedelta(1),
    UUID: UUID(int=1),
}  # fmt: skip


async def add_rows(sluice: Sluice, model: type[SQLModel], ids: Iterable[object]) -> None:
    """A row for each id. A column without a default has a value of its type, a text one that no
    other row has; what a row refers to is there too, under the same id."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it
    async with sluice.service.database.begin() as tx:
        for item_id in ids:
            await _add(tx, table, item_id)


async def _add(tx: AsyncConnection, table: Table, item_id: object) -> None:
    row = {}
    for column in table.columns:
        references = [key.column.table for key in column.foreign_keys]
        if column.primary_key or (references and not column.nullable):
            row[column.name] = item_id
        elif not (column.nullable or column.default is not None or column.server_default):
            row[column.name] = _value(column, item_id)
        if column.name in row:
            for other in references:
                await _add(tx, other, item_id)
    await tx.execute(insert(table).values(row).on_conflict_do_nothing())


def _value(column: Column[Any], item_id: object) -> object:
    kind = column.type.python_type
    return f"{column.name} of {item_id}" if kind is str else _VALUES[kind]
