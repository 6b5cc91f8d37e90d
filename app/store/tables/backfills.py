"""Tables of backfills: a family's runs over many partitions, one run for each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.store.statuses import BackfillStatus, PartitionStatus
from app.store.tables.base import FALSE, ID, NOW, TIME, Json, SluiceTable, made_now

_OBJECT = {"server_default": text("'{}'")}


class Backfill(SluiceTable, table=True):
    __tablename__ = "backfill"
    __table_args__ = (
        # A family has one at a time: two could both find the same partition missing.
        Index(
            "ix_backfill_active",
            "family",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True, sa_type=ID)
    family: str = Field(sa_type=Text)
    from_at: datetime = Field(sa_type=TIME)
    to_at: datetime = Field(sa_type=TIME)
    mode: str = Field(sa_type=Text)
    max_active: int
    reverse: bool = Field(default=False, sa_column_kwargs=FALSE)
    force: bool = Field(default=False, sa_column_kwargs=FALSE)
    params: Json = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_OBJECT)
    """Beside those that make the partitions."""
    sealed: str | None = Field(default=None, sa_type=Text)
    """The secrets of each run's params, encrypted: ``app.workflows.serialization.params``."""
    params_version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    """Of the family, when they were kept: ``JobFamily.params_version``."""
    options: Json = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_OBJECT)
    """``app.workflows.contract.run_options.RunOptions``, of each run."""
    status: str = Field(default=BackfillStatus.RUNNING, sa_type=Text)
    started_by: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    finished_at: datetime | None = Field(default=None, sa_type=TIME)


class BackfillPartition(SluiceTable, table=True):
    """One partition, and what became of it: kept when its run's row is deleted."""

    __tablename__ = "backfill_partition"
    __table_args__ = (
        Index("ix_backfill_partition_key", "backfill_id", "key", unique=True),
        Index("ix_backfill_partition_run", "run_id", unique=True),
    )

    backfill_id: str = Field(primary_key=True, sa_type=ID)
    position: int = Field(primary_key=True)
    key: str = Field(sa_type=Text)
    params: Json = Field(sa_type=JSONB)
    """All of its run's."""
    status: str = Field(default=PartitionStatus.WAITING, sa_type=Text)
    run_id: str | None = Field(default=None, sa_type=ID)
    counters: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    """Its run's items by outcome, once that has ended."""
