"""Our tables. Ids are text that sorts by time, compared byte by byte (collation C)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Double, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from app.store.lifecycle import ItemStatus, RunStage, RunStatus

ID = Text(collation="C")
TIME = DateTime(timezone=True)
NOW = {"server_default": text("now()")}
ZERO = {"server_default": text("0")}
FALSE = {"server_default": text("false")}
Json = dict[str, Any]  # a JSON object as Postgres hands it back; its shape is its writer's business


def made_now() -> datetime:
    return datetime.now(UTC)


class User(SQLModel, table=True):
    """A person that job families work on: the template's example entity."""

    __tablename__ = "user"

    id: str = Field(primary_key=True, sa_type=ID)
    email: str = Field(sa_type=Text, unique=True)
    name: str = Field(sa_type=Text)
    locale: str = Field(sa_type=Text)
    interests: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    active: bool = True
    paid: bool = False
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class WelcomePlaceholder(SQLModel, table=True):
    """What ``welcome-placeholder`` made for one user."""

    __tablename__ = "welcome_placeholder"

    user_id: str = Field(primary_key=True, sa_type=ID, foreign_key="user.id", ondelete="CASCADE")
    lines: list[str] = Field(sa_type=ARRAY(Text))
    writer: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class Run(SQLModel, table=True):
    """One pass of a family over its eligible items."""

    __tablename__ = "run"
    # Counters change with every batch of outcomes: a page with room keeps that cheap (HOT).
    __table_args__ = (
        Index("ix_run_family", "family", "id"),
        # Only rows that have not ended stand in it: finished_at is written once.
        Index("ix_run_active", "family", "id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_run_finished", "finished_at"),
        Index("ix_run_created", "created_at"),
        Index("ix_run_parent", "parent_run", "id", postgresql_where=text("parent_run IS NOT NULL")),
        Index(
            "ix_run_backfill",
            "backfill_id",
            "id",
            postgresql_where=text("backfill_id IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    id: str = Field(primary_key=True, sa_type=ID)
    family: str = Field(sa_type=Text)
    status: str = Field(default=RunStatus.PENDING, sa_type=Text)
    stage: str = Field(
        default=RunStage.FULL, sa_type=Text, sa_column_kwargs={"server_default": text("'full'")}
    )
    reason: str | None = Field(default=None, sa_type=Text)
    """A word: why it is paused, or ended as it did; ``detail`` is the sentence."""
    detail: str | None = Field(default=None, sa_type=Text)
    params: Json = Field(default_factory=dict, sa_type=JSONB)
    """A mask stands for each secret."""
    sealed: str | None = Field(default=None, sa_type=Text)
    """The secrets of ``params``, encrypted: ``app.workflows.params``."""
    force: bool = False
    item_limit: int | None = None
    item_ids: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    item_list: str | None = Field(default=None, sa_type=ID)
    """In place of ``item_ids``, where they are too many: ``app.store.item_lists``."""
    options: Json = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
    """``app.workflows.options.RunOptions``, with the family's defaults filled in."""
    retry_of: str | None = Field(default=None, sa_type=ID)
    retry: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """Which items of ``retry_of``: ``app.store.failures.Which``."""
    origin: str | None = Field(default=None, sa_type=ID)
    """The first run of a chain of retries; null: this one is it."""
    parent_run: str | None = Field(default=None, sa_type=ID)
    """A child's: whose step it is. Null: nobody's."""
    parent_item: str | None = Field(default=None, sa_type=ID)
    parent_step: str | None = Field(default=None, sa_type=ID)
    backfill_id: str | None = Field(default=None, sa_type=ID)
    """Whose partition it runs over. Null: nobody's."""
    started_by: str = Field(sa_type=Text)

    # Where paging stands: the last id read, as JSON (null: not begun); all read; waiting for room.
    cursor: str | None = Field(default=None, sa_type=Text)
    paged: bool = Field(default=False, sa_column_kwargs=FALSE)
    held: bool = Field(default=False, sa_column_kwargs=FALSE)

    total_eligible: int | None = Field(default=None, sa_type=BigInteger)
    to_process: int | None = Field(default=None, sa_type=BigInteger)
    already_processed: int | None = Field(default=None, sa_type=BigInteger)
    exact: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    scheduled: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    succeeded: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    skipped: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    failed: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    cancelled: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    timed_out: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    suspended: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """How many items are suspended now; they are neither outstanding nor ended."""
    work_ms: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """Milliseconds spent in items that ended, summed: what estimates are made from."""
    spent_usd: float = Field(default=0.0, sa_type=Double, sa_column_kwargs=ZERO)
    spent_tokens: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    estimate: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """``app.workflows.survey.Estimate``, made when layer 1 had counted."""
    judged_from: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    judged_failed: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """How many items had ended, and failed, at the last resume: the failure rate is of those since,
    or a resumed run would be paused again at once."""

    active_since: datetime | None = Field(default=None, sa_type=TIME)
    """Since when it runs; null while it does not."""
    active_ms: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """Milliseconds that it ran before ``active_since``."""
    deadline_at: datetime | None = Field(default=None, sa_type=TIME)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    started_at: datetime | None = Field(default=None, sa_type=TIME)
    finished_at: datetime | None = Field(default=None, sa_type=TIME)

    @property
    def ended(self) -> int:
        """How many items have an outcome."""
        return self.succeeded + self.skipped + self.failed + self.cancelled + self.timed_out

    @property
    def outstanding(self) -> int:
        """How many items wait for a worker, or are at work."""
        return self.scheduled - self.ended - self.suspended


class Item(SQLModel, table=True):
    """One entity's part in one run."""

    __tablename__ = "item"
    # Every row is updated once, when it ends: the free third of a page takes the new version (HOT).
    __table_args__ = ({"postgresql_with": {"fillfactor": "65"}},)

    # No foreign key: its check would cost each insert a look-up and a lock on the run's busy row.
    run_id: str = Field(primary_key=True, sa_type=ID)
    item_id: str = Field(primary_key=True, sa_type=ID)
    status: str = Field(default=ItemStatus.PENDING, sa_type=Text)
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    postponements: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often RetryAfter moved it to later, without using up an attempt."""
    executed: bool = Field(default=False, sa_column_kwargs=FALSE)
    """``execute`` is done and ``result`` holds what it returned; only ``save`` is left."""
    result: Any = Field(  # of the family's own shape
        default=None, sa_type=JSONB(none_as_null=True), nullable=True
    )
    exact: str | None = Field(default=None, sa_type=Text)
    """The result as ``app.workflows.results`` reads it back, where JSON would not give the same."""
    error_class: str | None = Field(default=None, sa_type=Text)
    error_message: str | None = Field(default=None, sa_type=Text)
    error_traceback: str | None = Field(default=None, sa_type=Text)
    error_group: str | None = Field(default=None, sa_type=Text)
    """The message without what differs from item to item: see ``app.workflows.error_groups``."""
    spent_usd: float = Field(default=0.0, sa_type=Double, sa_column_kwargs=ZERO)
    spent_tokens: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    wake_at: datetime | None = Field(default=None, sa_type=TIME)
    """When a suspended item goes on by itself; null: when somebody says so."""
    lost: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often it was at work, since its last outcome of any kind, when its worker ended: see
    ``app.workflows.losses``."""
    scheduled_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    started_at: datetime | None = Field(default=None, sa_type=TIME)
    finished_at: datetime | None = Field(default=None, sa_type=TIME)


class RunEvent(SQLModel, table=True):
    """Something that happened to a run: each transition, and each automatic decision."""

    __tablename__ = "run_event"
    __table_args__ = (Index("ix_run_event_run", "run_id", "id"),)

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    run_id: str = Field(sa_type=ID)
    at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    kind: str = Field(sa_type=Text)
    who: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    detail: str | None = Field(default=None, sa_type=Text)
    data: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)


class IdempotencyKey(SQLModel, table=True):
    """A call that started a run, under the key that its caller gave it."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created", "created_at"),)

    caller: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    run_id: str = Field(sa_type=ID)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class FlowOverride(SQLModel, table=True):
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


class ServiceSecret(SQLModel, table=True):
    """A random value that belongs to this installation, such as the key that signs cursors."""

    __tablename__ = "service_secret"

    name: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(sa_type=Text)
