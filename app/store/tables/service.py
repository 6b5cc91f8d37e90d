"""What belongs to the installation: flow overrides, what is held, and its secrets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from app.store.tables.base import FALSE, ID, NOW, TIME, SluiceTable, made_now


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


class FlowPartitionOverride(SluiceTable, table=True):
    """What an operator set for one partition of a flow key."""

    __tablename__ = "flow_partition_override"

    key: str = Field(primary_key=True, sa_type=Text)
    partition: str = Field(primary_key=True, sa_type=ID)
    parallelism: int | None = None
    rate: float | None = None
    period_ms: int = Field(sa_type=BigInteger)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class FlowHold(SluiceTable, table=True):
    """Nothing new starts under a flow key for a while, whatever an operator says of it."""

    __tablename__ = "flow_hold"

    key: str = Field(primary_key=True, sa_type=Text)
    """A flow key as the gate counts it, or a family's name: all of that one's flow keys."""
    cause: str = Field(primary_key=True, sa_type=Text)
    """``app.store.monitoring.holds.Cause``."""
    reason: str = Field(sa_type=Text)
    since: datetime = Field(sa_type=TIME)
    again_at: datetime = Field(sa_type=TIME)
    """When the next look is due."""
    until: datetime = Field(sa_type=TIME)
    """When it ends by itself, if nobody looks."""


class ThrottleLook(SluiceTable, table=True):
    """When a family's throttle was asked, whatever it said."""

    __tablename__ = "throttle_look"

    family: str = Field(primary_key=True, sa_type=Text)
    look_at: datetime = Field(sa_type=TIME)
    """When it is asked again."""
    good_until: datetime = Field(sa_type=TIME)
    """For so long what it said holds. Then who has something to start asks first."""


class ServiceSecret(SluiceTable, table=True):
    """A random value that belongs to this installation, such as the key that signs cursors."""

    __tablename__ = "service_secret"

    name: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(sa_type=Text)
    former: str | None = Field(default=None, sa_type=Text)
    """Before it was changed; still good for a time: ``app.store.signing_key``."""
    changed_at: datetime | None = Field(default=None, sa_type=TIME)
