"""Our tables. Ids are text that sorts by time, compared byte by byte (collation C)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Double, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from app.config.priorities import ORDINARY
from app.store.statuses import RunStage, RunStatus
from app.store.tables.base import FALSE, ID, NOW, TIME, ZERO, Json, SluiceTable, made_now


class Run(SluiceTable, table=True):
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
        Index("ix_run_follows", "follows", "id", postgresql_where=text("follows IS NOT NULL")),
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
    """The secrets of ``params``, encrypted: ``app.workflows.serialization.params``."""
    params_version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    """Of the family, when they were kept: ``JobFamily.params_version``."""
    entity: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """What its caller handed over in place of a row, for its one item; a mask stands for each
    secret. Null: its items are loaded."""
    entity_sealed: str | None = Field(default=None, sa_type=Text)
    """The secrets of ``entity``, as ``sealed``."""
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    """Of the family, when the run was made, or the run whose steps it goes on with."""
    force: bool = False
    item_limit: int | None = None
    item_ids: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    item_list: str | None = Field(default=None, sa_type=ID)
    """In place of ``item_ids``, where they are too many: ``app.store.items.item_lists``."""
    options: Json = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
    """``app.workflows.contract.run_options.RunOptions``, with the family's defaults filled in."""
    retry_of: str | None = Field(default=None, sa_type=ID)
    retry: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """Which items of ``retry_of``: ``app.store.items.failures.Which``."""
    origin: str | None = Field(default=None, sa_type=ID)
    """The first run of a chain of retries; null: this one is it."""
    parent_run: str | None = Field(default=None, sa_type=ID)
    """A child's: whose step it is, or, without an item, whose finish. Null: nobody's."""
    parent_item: str | None = Field(default=None, sa_type=ID)
    parent_step: str | None = Field(default=None, sa_type=ID)
    follows: str | None = Field(default=None, sa_type=ID)
    """The run by whose success, or by a step of whose item or finish, it began, and which does not
    wait for it. Null: nobody's."""
    backfill_id: str | None = Field(default=None, sa_type=ID)
    """Whose partition it runs over. Null: nobody's."""
    started_by: str = Field(sa_type=Text)
    traceparent: str | None = Field(default=None, sa_type=Text)
    """Of the span that started it, in the form of W3C Trace Context. Null: it is not traced."""

    # Where paging stands: the last id read, as JSON (null: not begun); all read; waiting for room.
    cursor: str | None = Field(default=None, sa_type=Text)
    paged: bool = Field(default=False, sa_column_kwargs=FALSE)
    held: bool = Field(default=False, sa_column_kwargs=FALSE)

    total_eligible: int | None = Field(default=None, sa_type=BigInteger)
    to_process: int | None = Field(default=None, sa_type=BigInteger)
    already_processed: int | None = Field(default=None, sa_type=BigInteger)
    exact: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    to_overwrite: int | None = Field(default=None, sa_type=BigInteger)
    """How many of those to process have a result; null: nobody looked, or nobody can tell."""
    to_overwrite_exact: bool = Field(
        default=True, sa_column_kwargs={"server_default": text("true")}
    )
    stale: int | None = Field(default=None, sa_type=BigInteger)
    """How many of the eligible have a result of another version of the family, which counts no
    more; null: nobody looked, or nobody can tell."""
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
    """``app.workflows.runs.expectation.Estimate``, made when layer 1 had counted."""
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
    def finish_of(self) -> str | None:
        """The run whose ``finish`` this one is, with one item; None: it is an ordinary one."""
        return self.parent_run if self.parent_item is None else None

    @property
    def parent(self) -> tuple[str, str] | None:
        """The item, by its run and its id, whose step waits for this run's; None: it is nobody's
        child."""
        if self.parent_run is None or self.parent_item is None:
            return None
        return (self.parent_run, self.parent_item)

    @property
    def priority(self) -> int:
        """Of its messages, and of its items at the gate."""
        return int(self.options.get("priority", ORDINARY))

    @property
    def ended(self) -> int:
        """How many items have an outcome."""
        return self.succeeded + self.skipped + self.failed + self.cancelled + self.timed_out

    @property
    def outstanding(self) -> int:
        """How many items wait for a worker, or are at work."""
        return self.scheduled - self.ended - self.suspended


BY_PEOPLE = (
    "kind IN ('created', 'paused', 'resumed', 'cancelling', 'finishing', 'answered', 'retried')"
    " AND who <> 'sluice' AND who NOT LIKE 'step %' AND who NOT LIKE 'schedule %'"
    " AND who NOT LIKE 'event %'"
)
"""Of a run's events, those that somebody outside has brought about. The index over them has them
alone, so that children of items, of which there are many, cost nothing."""


class RunEvent(SluiceTable, table=True):
    """Something that happened to a run: each transition, and each automatic decision."""

    __tablename__ = "run_event"
    __table_args__ = (
        Index("ix_run_event_run", "run_id", "id"),
        Index("ix_run_event_by_people", "at", "id", postgresql_where=text(BY_PEOPLE)),
    )

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
    note: str | None = Field(default=None, sa_type=Text)
    """Why, in the words of who did it."""


class IdempotencyKey(SluiceTable, table=True):
    """A call that started a run or was skipped, under the key that its caller gave it."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created", "created_at"),)

    caller: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    run_id: str = Field(sa_type=ID)
    skipped: bool = Field(default=False, sa_column_kwargs=FALSE)
    """Nothing was started, because the run was active."""
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
