"""An attempt at an item, as it stands in its run's trace."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from app.workflows.attempts.attempt_result import AttemptResult

if TYPE_CHECKING:  # they load OpenTelemetry
    from app.tracing.run_trace import ChunkTrace, RunTrace


async def traced_attempt(
    run: RunTrace,
    chunk: ChunkTrace | None,
    item_id: str,
    attempt: int,
    work: Awaitable[AttemptResult],
) -> AttemptResult:
    """Returns what ``work`` does.

    Args:
        chunk: None: the item is not one of those that are traced. That it failed is told all the
            same.
    """
    if chunk is None:
        verdict = await work
        if verdict.error_class is not None:
            run.failed(item_id, attempt, verdict)
        return verdict
    with chunk.item(item_id, attempt) as span:
        verdict = await work
        span.ended(verdict)
        return verdict
