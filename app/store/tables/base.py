"""What the tables have in common: ids are text that sorts by time, compared byte by byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Text, text

ID = Text(collation="C")
TIME = DateTime(timezone=True)
NOW = {"server_default": text("now()")}
ZERO = {"server_default": text("0")}
FALSE = {"server_default": text("false")}
Json = dict[str, Any]  # a JSON object as Postgres hands it back; its shape is its writer's business


def made_now() -> datetime:
    return datetime.now(UTC)
