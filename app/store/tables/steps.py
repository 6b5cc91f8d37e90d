"""The tables of what items remember, of what they write on the way, and of what they ask providers'
batches for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.store.tables.base import ID, NOW, TIME, ZERO, Json, SluiceTable, made_now


class Step(SluiceTable, table=True):
    """A named, memoised piece of one item's execution."""

    __tablename__ = "step"
    __table_args__ = (
        # Few rows at a time stand in it.
        Index(
            "ix_step_suspended", "run_id", "item_id", "name",
            postgresql_where=text("status = 'suspended'"),
        ),
        # By which an event that comes finds who waits for it.
        Index(
            "ix_step_awaits", "event", "event_place", "event_value",
            postgresql_where=text("status = 'waiting' AND event IS NOT NULL"),
        ),
    )  # fmt: skip

    run_id: str = Field(primary_key=True, sa_type=ID)
    item_id: str = Field(primary_key=True, sa_type=ID)
    name: str = Field(primary_key=True, sa_type=ID)
    kind: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    position: int
    """Which one of the item's steps it was to be asked for, from 1."""
    alone: bool
    """``execute`` itself asked for it, one step after another, and not a task beside it."""
    item_attempt: int
    """The attempt at the item in which the step was last tried."""
    tries: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often it was tried in that attempt."""
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often it was tried in all."""
    result: str | None = Field(default=None, sa_type=Text)
    """``app.workflows.serialization.codec`` reads it. Text, because jsonb would change numbers."""
    payload: str | None = Field(default=None, sa_type=Text)
    """What it waits for, as JSON: what a person is shown, what is called, or which event."""
    expects: Json | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """The answer that it waits for: ``class`` by its qualified name, and ``schema``; and ``shows``,
    the schema of a ``payload`` that is a model. Each only where it is declared."""
    child_run: str | None = Field(default=None, sa_type=ID)
    error_class: str | None = Field(default=None, sa_type=Text)
    error_message: str | None = Field(default=None, sa_type=Text)
    answered_by: str | None = Field(default=None, sa_type=Text)
    due_at: datetime | None = Field(default=None, sa_type=TIME)
    """When it goes on by itself."""
    started_at: datetime = Field(sa_type=TIME)
    finished_at: datetime | None = Field(default=None, sa_type=TIME)
    event: str | None = Field(default=None, sa_type=ID)
    """The name of the event that it waits for. Null: for none."""
    event_place: str | None = Field(default=None, sa_type=ID)
    """Where in the event's data ``event_value`` must stand: ``invoice.id``."""
    event_value: str | None = Field(default=None, sa_type=ID)
    event_after: int | None = Field(default=None, sa_type=BigInteger)
    """The newest event of the name, by ``seq``, when it began to wait: later ones are for it.
    Null: there was none."""


class Output(SluiceTable, table=True):
    """A chunk of what an item wrote while it was at work."""

    __tablename__ = "output"
    __table_args__ = (Index("ix_output_item", "run_id", "item_id", "id"),)

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    run_id: str = Field(sa_type=ID)
    item_id: str = Field(sa_type=ID)
    attempt: int
    """Of the item: what another attempt wrote before may stand there as well."""
    data: str = Field(sa_type=Text)
    """JSON."""
    at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class DeferredCall(SluiceTable, table=True):
    """A request of an item's step that goes into a provider's batch. Its answer becomes the step's
    result, in the transaction that deletes this row."""

    __tablename__ = "deferred_call"
    __table_args__ = (
        Index("ix_deferred_call_step", "run_id", "item_id", "step", unique=True),
        Index(
            "ix_deferred_call_waiting", "provider", "url", "model", "id",
            postgresql_where=text("batch_id IS NULL"),
        ),
        Index(
            "ix_deferred_call_batch", "batch_id", "id",
            postgresql_where=text("batch_id IS NOT NULL"),
        ),
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=ID)
    """The line's ``custom_id``."""
    run_id: str = Field(sa_type=ID)
    item_id: str = Field(sa_type=ID)
    step: str = Field(sa_type=ID)
    provider: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    model: str = Field(sa_type=Text)
    """A batch is of one."""
    body: str = Field(sa_type=Text)
    """JSON in ASCII."""
    size: int
    """Bytes of the line."""
    batch_id: str | None = Field(default=None, sa_type=ID)
    tries: int = Field(default=0, sa_column_kwargs=ZERO)
    """Batches that have come to nothing for it."""
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    due_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    """Before which it goes into no batch."""
    refused: str | None = Field(default=None, sa_type=Text)
    """What the provider, which has refused its batch, has said of its line."""


class ProviderBatch(SluiceTable, table=True):
    """Requests of many items that a provider answers together. ``revision`` counts its changes:
    whoever changes it must have seen the one before."""

    __tablename__ = "provider_batch"
    __table_args__ = (
        Index(
            "ix_provider_batch_open", "provider", "poll_at",
            postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=ID)
    provider: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    model: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    revision: int = Field(default=0, sa_column_kwargs=ZERO)
    lines: int
    size: int = Field(sa_type=BigInteger)
    done: int = Field(default=0, sa_column_kwargs=ZERO)
    failed: int = Field(default=0, sa_column_kwargs=ZERO)
    again: int = Field(default=0, sa_column_kwargs=ZERO)
    """Lines that went on to another batch."""
    dropped: int = Field(default=0, sa_column_kwargs=ZERO)
    """Lines whose items wait for nothing any more."""
    file_id: str | None = Field(default=None, sa_type=Text)
    remote_id: str | None = Field(default=None, sa_type=Text)
    remote_status: str | None = Field(default=None, sa_type=Text)
    output_file: str | None = Field(default=None, sa_type=Text)
    error_file: str | None = Field(default=None, sa_type=Text)
    output_read: int = Field(default=0, sa_column_kwargs=ZERO)
    """Lines of the output file whose answers are written."""
    output_offset: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """Of the byte behind these, where it is gone on with."""
    error_read: int = Field(default=0, sa_column_kwargs=ZERO)
    error_offset: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    refused: int = Field(default=0, sa_column_kwargs=ZERO)
    """Lines that the provider named when it refused the batch, and of which it is kept why."""
    attempted_at: datetime | None = Field(default=None, sa_type=TIME)
    """When a call was begun of which it is not known whether it was heard."""
    creations: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often the provider was asked to make the batch."""
    tries: int = Field(default=0, sa_column_kwargs=ZERO)
    """Calls in a row that have failed."""
    failing_since: datetime | None = Field(default=None, sa_type=TIME)
    """When the first of these failed, moved on by the time in which nobody looked after it."""
    denied: str | None = Field(default=None, sa_type=Text)
    """What the provider would not take when last asked, or did not know: a state, or an id."""
    denials: int = Field(default=0, sa_column_kwargs=ZERO)
    """How often in a row it has said so."""
    polls: int = Field(default=0, sa_column_kwargs=ZERO)
    error: str | None = Field(default=None, sa_type=Text)
    """What stands in its way; of one that has ended, what ended it."""
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    submitted_at: datetime | None = Field(default=None, sa_type=TIME)
    expires_at: datetime | None = Field(default=None, sa_type=TIME)
    cancelled_at: datetime | None = Field(default=None, sa_type=TIME)
    """When the provider was asked to cancel it."""
    poll_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
    """When it is looked at next."""
    ended_at: datetime | None = Field(default=None, sa_type=TIME)
