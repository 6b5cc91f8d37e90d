"""What belongs to the installation: flow overrides and its secrets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from app.store.tables.base import FALSE, NOW, TIME, SluiceTable, made_now


class FlowOverride(SluiceTable, table=True):
    """What an operator set for a flow key, in place of what the code declares."""

    __tablename__ = "flow_override"

    key: str = Field(primary_key=True, sa_type=Text)
    pinned: bool = Field(default=False, sa_column_kwargs=FALSE)
    """The three that follow are in force; else the code's own."""
    parallelism: int | None = None
    rate: float | None = None
    period_ms: int | None = Field(default=None, sa_type=BigInteger)
    paused: bool = Field(default=False, sa_column_kwargs=FALSE)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class ServiceSecret(SluiceTable, table=True):
    """A random value that belongs to this installation, such as the key that signs cursors."""

    __tablename__ = "service_secret"

    name: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(sa_type=Text)
    former: str | None = Field(default=None, sa_type=Text)
    """Before it was changed; still good for a time: ``app.store.signing_key``."""
    changed_at: datetime | None = Field(default=None, sa_type=TIME)
