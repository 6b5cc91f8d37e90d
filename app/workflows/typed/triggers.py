"""What the typed client of a family calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from app.store.runs.idempotency import IdempotentCall
from app.workflows.previews import PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.handle import RunHandle
from app.workflows.runs.request import RunRequest
from app.workflows.runs.start import StartedRun
from app.workflows.samples.service import SampleService
from app.workflows.typed.dry_run import DryRun


class Triggers(Protocol):
    """``WorkflowClient``, which makes these."""

    @property
    def previews(self) -> PreviewService: ...
    @property
    def samples(self) -> SampleService: ...

    async def dry_run(self, bound: BoundFamily, request: RunRequest) -> DryRun: ...

    async def trigger_process(
        self,
        bound: BoundFamily,
        request: RunRequest,
        *,
        started_by: str,
        once: IdempotentCall | None = None,
    ) -> StartedRun: ...

    async def trigger_items(
        self, bound: BoundFamily, run_id: str, item_ids: Sequence[str]
    ) -> int: ...

    def run(self, run_id: str) -> RunHandle[Any]: ...
