"""What a family's methods are given."""

from __future__ import annotations

from app.workflows.family import Context, Services
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.steps.durable_runner import DurableStepRunner
from app.workflows.steps.preview import PreviewStepRunner


def make_context(
    services: Services,
    bound: BoundFamily,
    *,
    run_id: str | None = None,
    item_id: str | None = None,
    attempt: int = 1,
    preview: bool = False,
    runner: DurableStepRunner | PreviewStepRunner | None = None,
) -> Context:
    return Context(
        services=services,
        family=bound.name,
        run_id=run_id,
        item_id=item_id,
        attempt=attempt,
        preview=preview,
        runner=runner,
    )
