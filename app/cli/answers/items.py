"""What the CLI reads of the API's answers about one item: its steps, and what it waits for."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, JsonValue

from app.cli.answers.answers import Answer


class Waiting(Answer):
    """A step that waits for a person."""

    item_id: str
    step: str | list[str]
    payload: JsonValue
    since: datetime
    expires_at: datetime | None

    @property
    def path(self) -> list[str]:
        return [self.step] if isinstance(self.step, str) else self.step


class AllWaiting(Answer):
    suspended: list[Waiting]
    next_cursor: str | None


class Resumed(Answer):
    item_id: str
    step: str | list[str]


class Link(Answer):
    url: str
    expires_at: datetime


class Step(Answer):
    name: str
    kind: str
    status: str
    attempts: int
    result: JsonValue
    payload: JsonValue
    schema_: dict[str, JsonValue] | None = Field(alias="schema")
    child_run_id: str | None
    error_class: str | None
    error_message: str | None
    answered_by: str | None
    due_at: datetime | None
    started_at: datetime
    finished_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """From when it was asked for to its end, with what it waited in between."""
        if self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class ItemState(Answer):
    item_id: str
    status: str
    attempts: int
    postponements: int
    result: JsonValue
    error_class: str | None
    error_message: str | None
    started_at: datetime | None
    finished_at: datetime | None


class OneItem(Answer):
    item: ItemState
    steps: list[Step]


class Chunk(Answer):
    attempt: int
    data: JsonValue


class Chunks(Answer):
    chunks: list[Chunk]
    next_cursor: str | None


class Ended(Answer):
    """Of a stream."""

    status: str | None
