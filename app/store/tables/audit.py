"""The table of what was done to flow keys, schedules, backfills and targets of notifications, and
by whom. What was done to a run is kept by its events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.store.tables.base import ID, NOW, TIME, Json, SluiceTable, made_now


class AuditRecord(SluiceTable, table=True):
    """Written in the transaction of the change that it is of, and never changed."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at", "id"), Index("ix_audit_name", "name", "at"))

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    who: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    """An ``app.store.monitoring.audit_actions.AuditAction``."""
    subject: str = Field(sa_type=Text)
    """An ``app.store.monitoring.audit_actions.AuditSubject``."""
    name: str = Field(sa_type=ID)
    """The flow key, or the id of the schedule or the backfill."""
    family: str | None = Field(default=None, sa_type=Text)
    before: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    """What the change is of, as it stood; null: it was not there. A mask stands for each secret."""
    after: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    note: str | None = Field(default=None, sa_type=Text)
    """Why, in the words of who did it."""
