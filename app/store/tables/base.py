"""What the tables have in common: ids are text that sorts by time, compared byte by byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, MetaData, Table, Text, text
from sqlmodel import SQLModel

from app.connections.schema import SCHEMA

ID = Text(collation="C")
TIME = DateTime(timezone=True)
NOW = {"server_default": text("now()")}
ZERO = {"server_default": text("0")}
FALSE = {"server_default": text("false")}
Json = dict[str, Any]  # a JSON object as Postgres hands it back; its shape is its writer's business


def made_now() -> datetime:
    return datetime.now(UTC)


def columns_of(table: Table, alias: str) -> str:
    """SQL of each column by its name. Of ``*`` a connection keeps a plan that fails once a
    migration has added another."""
    return ", ".join(f"{alias}.{column.name}" for column in table.columns)


class SluiceTable(SQLModel):
    """Base of Sluice's own tables: they have a schema and a migration history to themselves. The
    service's tables derive from ``SQLModel`` itself, and are where its ``search_path`` leads."""

    metadata = MetaData(schema=SCHEMA)
