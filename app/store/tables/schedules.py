"""The table of schedules: runs that start by the clock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.store.tables.base import FALSE, ID, NOW, TIME, Json, SluiceTable, made_now

_OBJECT = {"server_default": text("'{}'")}


class Schedule(SluiceTable, table=True):
    """When a family runs by itself, and what came of it last."""

    __tablename__ = "schedule"
    __table_args__ = (Index("ix_schedule_next", "next_at"),)

    id: str = Field(primary_key=True, sa_type=ID)
    name: str = Field(sa_type=Text, unique=True)
    family: str = Field(sa_type=Text)
    expression: str = Field(sa_type=Text)
    tz: str = Field(sa_type=Text)
    params: Json = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_OBJECT)
    """What was named of them; the rest is the family's when it fires."""
    sealed: str | None = Field(default=None, sa_type=Text)
    """The secrets of ``params``, encrypted: ``app.workflows.serialization.params``."""
    params_version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    """Of the family, when they were kept: ``JobFamily.params_version``."""
    options: Json = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_OBJECT)
    """``app.workflows.contract.run_options.ScheduleOptions``: what was named."""
    catch_up: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    declared: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    """False: of the code, which does not declare it any more."""
    paused: bool = Field(default=False, sa_column_kwargs=FALSE)

    next_at: datetime | None = Field(default=None, sa_type=TIME)
    """Null: it does not fire, because it is paused or not declared any more."""
    last_fired_at: datetime | None = Field(default=None, sa_type=TIME)
    """The fire time, not when it was seen to. It only moves on."""
    last_result: str | None = Field(default=None, sa_type=Text)
    last_detail: str | None = Field(default=None, sa_type=Text)
    last_run_id: str | None = Field(default=None, sa_type=ID)
    """The last that it started; a later fire time may have started none."""

    created_by: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
