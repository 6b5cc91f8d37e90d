"""What ``app.engine.qstash`` keeps: messages, until their delivery has ended."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from app.store.tables.base import ID, NOW, TIME, ZERO, SluiceTable, made_now

FIRST = 1 << 40
"""Numbers of messages begin here: none of them is one of ``sluice.message`` too, whose deliveries
may still be named by items' claims after the engine was changed."""


class OutboxMessage(SluiceTable, table=True):
    """A hint to a layer that there is something to do. Deleted when its delivery has ended."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_id", "id", unique=True),
        Index("ix_outbox_unsent", "try_at", postgresql_where=text("try_at IS NOT NULL")),
        Index("ix_outbox_held", "held_until", postgresql_where=text("held_until IS NOT NULL")),
        {
            # Rows come and go all the time, as those of ``message``.
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": "0",
                "autovacuum_vacuum_threshold": "2000",
                "autovacuum_vacuum_cost_delay": "0",
            }
        },
    )

    seq: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger,
        sa_column_args=[Identity(always=True, start=FIRST)],
    )
    id: str = Field(sa_type=ID)
    flow_key: str = Field(sa_type=ID)
    payload: bytes = Field(sa_type=LargeBinary)
    size: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    """How many items it names."""
    priority: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs=ZERO)
    due_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    publication: UUID | None = Field(default=None, sa_type=pg.UUID(as_uuid=True), nullable=True)
    """Under which it was sent to QStash last: the only one whose delivery counts."""
    try_at: datetime | None = Field(default=None, sa_type=TIME)
    """When to send it. Null: QStash has it, or it is in hand."""
    sent_at: datetime | None = Field(default=None, sa_type=TIME)
    """When QStash took it last."""
    failures: int = Field(default=0, sa_column_kwargs=ZERO)
    """Of sending it, in a row."""
    deliveries: int = Field(default=0, sa_column_kwargs=ZERO)
    """Ever: with ``seq`` it names one of them."""
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    """Deliveries since it was published last."""
    retried: int | None = Field(default=None)
    """Of the delivery in hand: how often QStash had tried before."""
    held_until: datetime | None = Field(default=None, sa_type=TIME)
    """It is in hand, and counts as given up then. Null: it is not."""
    again_at: datetime | None = Field(default=None, sa_type=TIME)
    """It was published once more while it was in hand, and is delivered again then."""
