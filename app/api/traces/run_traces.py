"""Traces in answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.schemas.runs import TraceView
from app.tracing.chosen import RunRow, is_chosen, items_of

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.service_tracing import Tracing


@dataclass(frozen=True, slots=True)
class RunTraces:
    """
    Args:
        tracing: None: this process traces nothing. Another one may have.
        items: of a run that are traced, about.
        template: where a trace is looked at.
    """

    tracing: Tracing | None = None
    items: int = 0
    template: str | None = None

    def of_run(self, run: RunRow) -> TraceView | None:
        return TraceView.of(run, self.template)

    def of_item(self, run: RunRow, item_id: str, *, failed: bool) -> TraceView | None:
        """
        Args:
            failed: then it is told of, whether it was chosen or not.
        """
        chosen = is_chosen(run.id, item_id, limit=self.items, of=items_of(run))
        told = chosen or (failed and self.items > 0)
        return TraceView.of(run, self.template) if told else None
