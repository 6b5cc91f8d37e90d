"""What a family would make of one item, or of a few: ``client.of(InvoiceReminders)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from app.workflows.contract.run_options import Budget
from app.workflows.previews import HANDED_OVER
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.samples.service import USUAL_ITEMS, USUAL_SECONDS, SampleRequest, SampleResult
from app.workflows.sources.item_ids import id_text
from app.workflows.typed.dry_run import ItemPreview
from app.workflows.typed.keyword_params import params_of
from app.workflows.typed.run_request import Ids, entity_of, run_request
from app.workflows.typed.triggers import Triggers

ParamsT = TypeVar("ParamsT", bound=BaseModel)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class FamilyPreviews(Generic[ParamsT, ResultT]):
    """The part of ``FamilyClient`` that executes, and saves nothing."""

    bound: BoundFamily
    triggers: Triggers

    async def preview(
        self,
        item: str | int | UUID | BaseModel,
        params: ParamsT | None = None,
        /,
        **named: Any,
    ) -> ItemPreview[ResultT]:
        """What ``trigger_execute`` or ``invoke`` would give: the item is executed, and nothing is
        saved. An item that fails raises nothing; its outcome says so.

        Args:
            item: its id, or an entity of one's own.

        Raises:
            BadInput: the params, the id or the entity are none of the family's.
        """
        previews, item_id = self.triggers.previews, HANDED_OVER
        overwrites: bool | None = False
        whole = params_of(self.bound, params, named, asked=set())
        if isinstance(item, BaseModel):
            ended = await previews.preview(self.bound, entity_of(self.bound, item), whole)
        else:
            item_id = id_text(item, "item_id")
            ended = await previews.preview(self.bound, item_id, whole)
            overwrites = await previews.has_result(self.bound, item_id, whole)
        kept = ended.history
        result = None if kept.result is None else self.bound.results.read(kept.result, kept.exact)
        return ItemPreview(
            item_id=item_id,
            outcome=ended.status,
            result=result,
            reason=ended.error_message,
            error_class=ended.error_class,
            overwrites=overwrites,
            milliseconds=ended.work_ms,
        )

    async def sample(
        self,
        params: ParamsT | None = None,
        /,
        *,
        size: int | None = None,
        seconds: float | None = None,
        budget: Budget | None = None,
        force: bool = False,
        limit: int | None = None,
        item_ids: Ids | None = None,
        item_list: str | None = None,
        **named: Any,
    ) -> SampleResult:
        """Execute a uniform sample of the items that ``trigger_process`` would process, side by
        side within the family's limits, and save nothing.

        Args:
            size: how many items at most, up to 200; None: 50.
            seconds: time for all of it, up to 300; None: 60.
            budget: when so much is spent, nothing else begins.
            force: also choose from items that already have a result.
            limit: the limit of the run that is estimated.
            item_ids: choose from exactly these items, in place of the eligible ones.
            item_list: the id of a list of ids that was made before, to choose from.

        Raises:
            BadInput: the params, an option or an id cannot be used.
            NotReady: the family says that its work cannot be done just now.
        """
        beside = {"size": size, "seconds": seconds, "budget": budget}
        run = run_request(
            self.bound,
            params,
            named,
            force=force,
            limit=limit,
            item_ids=item_ids,
            item_list=item_list,
            beside=beside,
        )
        request = SampleRequest(
            run=run,
            size=USUAL_ITEMS if size is None else size,
            seconds=USUAL_SECONDS if seconds is None else seconds,
            budget=budget,
        )
        return await self.triggers.samples.sample(self.bound, request)
