"""One entity's part in one run, and what is remembered of its results beyond runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Double, Identity, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.store.statuses import ItemStatus
from app.store.tables.base import FALSE, ID, NOW, TIME, ZERO, SluiceTable, made_now


class Item(SluiceTable, table=True):
    """One entity's part in one run."""

    __tablename__ = "item"
    # Every row is updated twice, when it is claimed and when it ends: its page takes both versions
    # (HOT), or each would be written into the index as well.
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    # No foreign key: its check would cost each insert a look-up and a lock on the run's busy row.
    run_id: str = Field(primary_key=True, sa_type=ID)
    item_id: str = Field(primary_key=True, sa_type=ID)
    status: str = Field(default=ItemStatus.PENDING, sa_type=Text)
    partition: str | None = Field(default=None, sa_type=ID)
    """Where partitions have limits, the item's; empty: it has none. Null: nobody has looked."""
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    postponements: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often RetryAfter moved it to later, without using up an attempt."""
    executed: bool = Field(default=False, sa_column_kwargs=FALSE)
    """``execute`` is done and ``result`` holds what it returned; only ``save`` is left."""
    result: Any = Field(  # of the family's own shape
        default=None, sa_type=JSONB(none_as_null=True), nullable=True
    )
    exact: str | None = Field(default=None, sa_type=Text)
    """The result as ``app.workflows.serialization.results`` reads it back, where JSON gives another
    one."""
    error_class: str | None = Field(default=None, sa_type=Text)
    error_message: str | None = Field(default=None, sa_type=Text)
    error_traceback: str | None = Field(default=None, sa_type=Text)
    error_group: str | None = Field(default=None, sa_type=Text)
    """The message without what differs between items: ``app.workflows.failures.fingerprint``."""
    spent_usd: float = Field(default=0.0, sa_type=Double, sa_column_kwargs=ZERO)
    spent_tokens: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    due_at: datetime | None = Field(default=None, sa_type=TIME)
    """Before this, nobody takes the item. Null: a pending one may be taken now, and a suspended one
    goes on when somebody says so."""
    claim: int | None = Field(default=None, sa_type=BigInteger)
    """Which message's delivery has the item in hand, with ``claim_number``: a token of
    ``app.engine``. Null: nobody. It means nothing once the item has ended."""
    claim_number: int | None = Field(default=None)
    begun: bool = Field(default=False, sa_column_kwargs=FALSE)
    """An earlier delivery has left something behind: attempts, a result, steps."""
    lost: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often it was at work, since its last outcome of any kind, when its worker ended: see
    ``app.workflows.layers.losses``."""
    scheduled_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    started_at: datetime | None = Field(default=None, sa_type=TIME)
    finished_at: datetime | None = Field(default=None, sa_type=TIME)


class RunPartition(SluiceTable, table=True):
    """A partition of a run of a family whose partitions have limits. Whoever changes a row has the
    run's row locked."""

    __tablename__ = "run_partition"
    # Its number changes with each of its items: see ``Run``.
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    run_id: str = Field(primary_key=True, sa_type=ID)
    partition: str = Field(primary_key=True, sa_type=ID)
    admitted: int
    """Items that may begin, and have had no outcome yet."""


class ParkedItem(SluiceTable, table=True):
    """A suspended item that may not begin yet, because as many of its partition may as can. It has
    no message."""

    __tablename__ = "parked_item"

    run_id: str = Field(primary_key=True, sa_type=ID)
    partition: str = Field(primary_key=True, sa_type=ID)
    item_id: str = Field(primary_key=True, sa_type=ID)


class Memory(SluiceTable, table=True):
    """A family that remembers what has a result. It has a number of its own, so that a rename is
    one row's."""

    __tablename__ = "memory"

    id: int | None = Field(
        default=None, primary_key=True, sa_type=Integer, sa_column_args=[Identity(always=True)]
    )
    family: str = Field(sa_type=Text, unique=True)
    version: int = Field(sa_type=Integer)
    """The highest that the family has had since it forgot everything."""
    seen_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    """When a service last had the family, to the day."""
    forgotten_at: datetime | None = Field(default=None, sa_type=TIME)
    """What was remembered until then counts no more; retention deletes it."""
    pruned_to: str | None = Field(default=None, sa_type=ID)
    """The item up to which retention has gone through it this time; null: it begins anew."""
    pruned_at: datetime | None = Field(default=None, sa_type=TIME)
    """When it last came to the end."""


class RememberedItem(SluiceTable, table=True):
    """An item that a run of the family has ended as ``succeeded``, the last time. It is there for
    as long as its family asks, whether the run is or not."""

    __tablename__ = "remembered"

    memory_id: int = Field(
        primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False}
    )
    item_id: str = Field(primary_key=True, sa_type=ID)
    params_key: str = Field(primary_key=True, sa_type=ID)
    """Of the params that the family tells results apart by; empty: by none."""
    version: int = Field(sa_type=Integer)
    run_id: str = Field(sa_type=ID)
    at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class ItemList(SluiceTable, table=True):
    __tablename__ = "item_list"

    id: str = Field(primary_key=True, sa_type=ID)
    number: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """How many it has: counting a million anew with every part would take longer than the part."""
    made_by: str = Field(sa_type=Text)
    """Nobody else adds to it."""
    frozen_by: str | None = Field(default=None, sa_type=ID)
    """The first run that named it: from then on it takes no more, so that what a run asks an
    approval for is what it does."""
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class ListedItem(SluiceTable, table=True):
    __tablename__ = "listed_item"

    list_id: str = Field(primary_key=True, sa_type=ID)
    item_id: str = Field(primary_key=True, sa_type=ID)
