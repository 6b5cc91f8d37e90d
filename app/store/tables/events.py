"""The tables of events that others have sent, and of what they start."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from app.store.tables.base import FALSE, ID, NOW, TIME, ZERO, Json, SluiceTable, made_now

_WAITS = text("settled_at IS NULL")


class ReceivedEvent(SluiceTable, table=True):
    """An event that was sent. For as long as its row is there it is taken once."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_id", "name", "event_id", unique=True),
        Index("ix_event_name", "name", "seq"),
        Index("ix_event_received", "received_at"),
        Index("ix_event_unmatched", "name", "seq", postgresql_where=text("unmatched")),
        Index("ix_event_waking", "name", "seq", postgresql_where=text("waking")),
    )

    seq: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    name: str = Field(sa_type=ID)
    event_id: str = Field(sa_type=ID)
    """Its sender's; or ours, where it gave none."""
    data: Json = Field(sa_type=JSONB)
    at: datetime = Field(sa_type=TIME)
    """When it happened, by its sender's clock."""
    sender: str = Field(sa_type=Text)
    unmatched: bool = Field(default=False, sa_column_kwargs=FALSE)
    """No family knew its name, and no item had ever waited for one of that name."""
    starts: list[int] | None = Field(default=None, sa_type=ARRAY(BigInteger))
    """Of ``EventStart``, by ``seq``. Null: it starts nothing."""
    detail: str | None = Field(default=None, sa_type=Text)
    """Why a family could not use it. Null: each could that wants it."""
    received_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    woke: int = Field(default=0, sa_column_kwargs=ZERO)
    """How many items that waited for it went on with it."""
    woken_runs: list[str] | None = Field(default=None, sa_type=ARRAY(ID))
    """Whose items those were; not more than are shown. Null: it woke none."""
    waking: bool = Field(default=False, sa_column_kwargs=FALSE)
    """More items waited for it than one transaction wakes, and some of them may wait still."""


class EventPlace(SluiceTable, table=True):
    """A place in the data of events of a name, at which items wait for a value. From its first wait
    on, what events have there is kept in ``event_value``."""

    __tablename__ = "event_place"

    name: str = Field(primary_key=True, sa_type=ID)
    place: str = Field(primary_key=True, sa_type=ID)
    used_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    """When an item last began to wait there, to the day."""


class EventValue(SluiceTable, table=True):
    """What an event has at such a place: who waits for it later looks here."""

    __tablename__ = "event_value"
    __table_args__ = (Index("ix_event_value_received", "received_at"),)

    name: str = Field(primary_key=True, sa_type=ID)
    place: str = Field(primary_key=True, sa_type=ID)
    value: str = Field(primary_key=True, sa_type=ID)
    received_at: datetime = Field(primary_key=True, sa_type=TIME)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    """Of ``ReceivedEvent``."""


class EventStart(SluiceTable, table=True):
    """An item that events have asked for, until a run has it (outbox), and then which one."""

    __tablename__ = "event_start"
    __table_args__ = (
        Index(
            "ix_event_start_waiting",
            "family",
            "event",
            "merge_key",
            "item_id",
            unique=True,
            postgresql_where=_WAITS,
        ),
        Index("ix_event_start_due", "family", "event", "due_at", postgresql_where=_WAITS),
        Index(
            "ix_event_start_settled",
            "settled_at",
            postgresql_where=text("settled_at IS NOT NULL"),
        ),
    )

    seq: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    family: str = Field(sa_type=ID)
    event: str = Field(sa_type=ID)
    """Its name."""
    merge_key: str = Field(sa_type=ID)
    """Of the params: further events with the same join this row while it waits. Empty: of whatever
    params, because it waits until the item is left alone."""
    item_id: str = Field(sa_type=ID)
    params: Json = Field(sa_type=JSONB)
    """What the event named of them; the rest is the family's when the run starts."""
    params_version: int
    """Of the family, when they were kept: ``JobFamily.params_version``."""
    at: datetime = Field(sa_type=TIME)
    """Of the latest event."""
    events: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    """How many events have asked for it."""
    due_at: datetime = Field(sa_type=TIME)
    until: datetime | None = Field(default=None, sa_type=TIME)
    """``due_at`` is put off to then at the latest. Null: there is no such bound."""
    run_id: str | None = Field(default=None, sa_type=ID)
    detail: str | None = Field(default=None, sa_type=Text)
    """Why no run has it and none will."""
    settled_at: datetime | None = Field(default=None, sa_type=TIME)
    """Null: it waits."""
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
