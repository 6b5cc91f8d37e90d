"""What callers send about targets of notifications."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from app.schemas.base import Body, GivenNote
from app.store.notifications.event_types import TargetKind

Word = Annotated[str, Field(max_length=200)]


class NewNotificationTarget(Body):
    url: SecretStr = Field(
        max_length=2_000,
        description="https://…; kept encrypted, and never shown again but for its host",
    )
    kind: TargetKind = Field(
        TargetKind.WEBHOOK,
        description="webhook: JSON, signed by the Standard Webhooks specification; slack:"
        ' {"text": …}',
    )
    name: Word | None = Field(None, description="kebab-case, and no other's; null: its id")
    events: Annotated[list[Word], Field(max_length=50)] | None = Field(
        None, description="such as run.failed; null: all, those to come too"
    )
    families: Annotated[list[Word], Field(max_length=200)] | None = Field(
        None, description="null: all, those to come too"
    )
    note: GivenNote = None
