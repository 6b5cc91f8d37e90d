"""How is shown who did what, when and why: as JSON, and as CSV."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.store.monitoring.audit_actions import AuditAction, AuditSubject

if TYPE_CHECKING:
    from app.store.monitoring.audit import AuditEntry


class AuditEntryView(View):
    at: datetime
    who: str
    action: AuditAction
    subject: AuditSubject
    name: str = Field(description="the flow key, or the id of the run, the backfill, the schedule")
    family: str | None = Field(description="null: of a flow key, which several may share")
    before: dict[str, Any] | None = Field(description="what was changed, as it stood")
    after: dict[str, Any] | None
    detail: str | None = Field(description="the sentence of a run's event")
    note: str | None = Field(description="why, in the words of who did it")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class AuditAnswer(Answer):
    entries: list[AuditEntryView]
    next_cursor: str | None


COLUMNS = tuple(AuditEntryView.model_fields)


def cells(entry: AuditEntryView) -> list[object]:
    """In the order of ``COLUMNS``."""
    return [getattr(entry, name) for name in COLUMNS]
