"""The tables of who is told what happens to runs, and of what they are told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from app.store.tables.base import FALSE, ID, NOW, TIME, ZERO, Json, SluiceTable, made_now


class NotificationTarget(SluiceTable, table=True):
    """An address to which notifications go, and which of them."""

    __tablename__ = "notification_target"

    id: str = Field(primary_key=True, sa_type=ID)
    name: str = Field(sa_type=Text, unique=True)
    kind: str = Field(sa_type=Text)
    """An ``app.store.notifications.event_types.TargetKind``."""
    shown: str = Field(sa_type=Text)
    """Its address as people see it: the host, and a mask for the rest, which may be a secret."""
    sealed: str = Field(sa_type=Text)
    """Its address and the secret that signs, encrypted: ``app.workflows.notifications.target``."""
    url_digest: bytes = Field(sa_type=LargeBinary, unique=True)
    """The same for the same address, and of no use to guess it."""
    events: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    """``app.store.notifications.event_types.EventType``; null: all, those to come too."""
    families: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    """Null: all."""
    disabled_at: datetime | None = Field(default=None, sa_type=TIME)
    """Null: it is told."""
    disabled_reason: str | None = Field(default=None, sa_type=Text)
    created_by: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class NotificationDelivery(SluiceTable, table=True):
    """A message for one target. Written in the transaction of what it tells (outbox)."""

    __tablename__ = "notification_delivery"
    __table_args__ = (
        Index(
            "ix_notification_delivery_due",
            "target_id",
            "due_at",
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("ix_notification_delivery_target", "target_id", "id"),
        Index("ix_notification_delivery_created", "created_at"),
        Index(
            "ix_notification_delivery_open",
            "run_id",
            "target_id",
            unique=True,
            postgresql_where=text("open"),
        ),
    )

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    message_id: str = Field(sa_type=ID)
    """The same in each attempt. Random, because several services may tell one receiver."""
    target_id: str = Field(sa_type=ID)
    event: str = Field(sa_type=Text)
    """An ``app.store.notifications.event_types.EventType``."""
    run_id: str | None = Field(default=None, sa_type=ID)
    """Null: of no run; it only tries whether the target can be reached."""
    family: str | None = Field(default=None, sa_type=Text)
    data: Json = Field(sa_type=JSONB)
    """How the run stood, in the words of the API."""
    items: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """How many items it is about."""
    sample: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    """The ids of the first of them."""
    open: bool = Field(default=False, sa_column_kwargs=FALSE)
    """Further items may be added, because nobody has begun to send it."""
    status: str = Field(
        default="waiting", sa_type=Text, sa_column_kwargs={"server_default": text("'waiting'")}
    )
    """An ``app.store.notifications.event_types.DeliveryStatus``."""
    due_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    """When to try it; of one that is in hand, when it counts as given up."""
    retry_until: datetime = Field(
        sa_type=TIME, sa_column_kwargs={"server_default": text("now() + interval '1 day'")}
    )
    claim: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """How often it was taken in hand: who took it last may say what came of it."""
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    """Since it was written, or sent again by hand."""
    last_at: datetime | None = Field(default=None, sa_type=TIME)
    last_status: int | None = None
    """Of HTTP. Null: there was no answer, or no attempt."""
    last_error: str | None = Field(default=None, sa_type=Text)
    took_ms: int | None = None
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
