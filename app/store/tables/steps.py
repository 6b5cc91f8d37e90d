"""The tables of what items remember, and of what they write on the way."""

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
    """What it waits for, as JSON: what a person is shown, or what is called."""
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
