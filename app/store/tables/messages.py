"""What ``app.engine.postgres`` keeps: messages, and the processes that take them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from app.store.tables.base import ID, NOW, TIME, ZERO, SluiceTable, made_now

WAITS = text("worker IS NULL")


class Message(SluiceTable, table=True):
    """A hint to a layer that there is something to do. Deleted when its delivery has ended."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_id", "id", unique=True),
        Index("ix_message_due", "flow_key", "due_at", postgresql_where=WAITS),
        Index("ix_message_next", "flow_key", "priority", "due_at", postgresql_where=WAITS),
        Index("ix_message_worker", "worker", postgresql_where=text("worker IS NOT NULL")),
        Index("ix_message_former", "former", postgresql_where=text("former IS NOT NULL")),
        {
            # Rows come and go all the time, and each claim begins to read at the oldest.
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": "0",
                "autovacuum_vacuum_threshold": "2000",
                "autovacuum_vacuum_cost_delay": "0",
            }
        },
    )

    seq: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    id: str = Field(sa_type=ID)
    flow_key: str = Field(sa_type=ID)
    payload: bytes = Field(sa_type=LargeBinary)
    size: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    """How many items it names."""
    priority: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs=ZERO)
    due_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    worker: UUID | None = Field(default=None, sa_type=pg.UUID(as_uuid=True), nullable=True)
    """The consumer that has it in hand. Null: it waits."""
    deliveries: int = Field(default=0, sa_column_kwargs=ZERO)
    """Ever: with ``seq`` it names one of them."""
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    """Deliveries since it was published last."""
    again_at: datetime | None = Field(default=None, sa_type=TIME)
    """It was published once more while it was in hand, and is delivered again then."""
    former: UUID | None = Field(default=None, sa_type=pg.UUID(as_uuid=True), nullable=True)
    """The consumer that had it in hand last of those that were found gone, or to hang."""
    former_delivery: int | None = Field(default=None)
    """Which delivery that was."""


class Consumer(SluiceTable, table=True):
    """A process that takes messages. It holds an advisory lock of ``number`` while it lives."""

    __tablename__ = "consumer"

    id: UUID = Field(primary_key=True, sa_type=pg.UUID(as_uuid=True))
    number: int = Field(sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    beat_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    missed_at: datetime | None = Field(default=None, sa_type=TIME)
    """When another one saw first that nobody holds the lock. Null: somebody does."""
