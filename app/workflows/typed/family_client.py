"""The triggers of one family, with its own types: ``client.of(WelcomePlaceholders)``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, Protocol, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel

from app.store.runs.idempotency import IdempotentCall
from app.workflows.contract.run_options import RunOptions
from app.workflows.previews import PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.handle import RunHandle
from app.workflows.runs.request import RunRequest
from app.workflows.runs.start import StartedRun
from app.workflows.sources.item_ids import id_text
from app.workflows.typed.dry_run import DryRun, ItemPreview
from app.workflows.typed.keyword_params import params_of
from app.workflows.typed.run_request import Ids, once_under, run_request, texts

ParamsT = TypeVar("ParamsT", bound=BaseModel)
ResultT = TypeVar("ResultT")


class Triggers(Protocol):
    """``WorkflowClient``, which makes these."""

    @property
    def previews(self) -> PreviewService: ...

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


@dataclass(frozen=True, slots=True)
class FamilyClient(Generic[ParamsT, ResultT]):
    """Starts runs of one family.

    Params are given as an object of the family's model, which a type checker sees through, or by
    their names as keyword arguments, which are checked when the call is made. The options of the
    call, such as ``limit``, stand beside them.
    """

    bound: BoundFamily
    triggers: Triggers
    started_by: str

    async def dry_run(
        self,
        params: ParamsT | None = None,
        /,
        *,
        force: bool = False,
        limit: int | None = None,
        item_ids: Ids | None = None,
        item_list: str | None = None,
        **named: Any,  # as the family's params take them
    ) -> DryRun:
        """What ``trigger_process`` would do. Writes nothing and enqueues nothing.

        Raises:
            BadInput: the params or an id are none of the family's.
            NotReady: the family says that its work cannot be done just now.
        """
        request = run_request(
            self.bound,
            params,
            named,
            force=force,
            limit=limit,
            item_ids=item_ids,
            item_list=item_list,
        )
        return await self.triggers.dry_run(self.bound, request)

    @overload
    async def trigger_process(
        self,
        params: ParamsT | None = None,
        /,
        *,
        dry_run: Literal[True],
        force: bool = False,
        limit: int | None = None,
        item_ids: Ids | None = None,
        item_list: str | None = None,
        **named: Any,
    ) -> DryRun: ...

    @overload
    async def trigger_process(
        self,
        params: ParamsT | None = None,
        /,
        *,
        dry_run: Literal[False] = False,
        force: bool = False,
        limit: int | None = None,
        item_ids: Ids | None = None,
        item_list: str | None = None,
        options: RunOptions | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> RunHandle[ResultT]: ...

    async def trigger_process(
        self,
        params: ParamsT | None = None,
        /,
        *,
        dry_run: bool = False,
        force: bool = False,
        limit: int | None = None,
        item_ids: Ids | None = None,
        item_list: str | None = None,
        options: RunOptions | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> DryRun | RunHandle[ResultT]:
        """Start a run, and hold on to it. Its row and its first message are one commit.

        Args:
            params: an object of the family's params, in place of their names.
            dry_run: answer what it would do, and start nothing.
            force: also those that already have a result.
            limit: items at most.
            item_ids: exactly these, in place of what is eligible.
            item_list: exactly those of a list that was made before.
            options: what is not set of them is as the family says.
            idempotency_key: the same call under the same key, within seven days, gives the run
                that it started the first time.

        Raises:
            BadInput: the params, an option or an id cannot be used, or the key was used for
                another call.
            NotReady: the family says that its work cannot be done just now.
            Conflict: the family has an active run, and refuses another beside it.
        """
        request = run_request(
            self.bound,
            params,
            named,
            dry_run=dry_run,
            force=force,
            limit=limit,
            item_ids=item_ids,
            item_list=item_list,
            options=options,
        )
        if dry_run:
            return await self.triggers.dry_run(self.bound, request)
        return await self._start(request, idempotency_key)

    async def trigger_execute(
        self,
        item_id: str | int | UUID,
        params: ParamsT | None = None,
        /,
        *,
        options: RunOptions | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> RunHandle[ResultT]:
        """Execute one item whether or not it has a result, as a run of its own.

        Raises:
            BadInput, NotReady, Conflict: as ``trigger_process``.
        """
        [item] = texts([id_text(item_id, "item_id")])
        request = run_request(self.bound, params, named, options=options)
        run = await self._start(replace(request, force=True, item_ids=[item]), idempotency_key)
        return replace(run, item_id=item)

    async def preview(
        self,
        item_id: str | int | UUID,
        params: ParamsT | None = None,
        /,
        **named: Any,
    ) -> ItemPreview[ResultT]:
        """What ``trigger_execute`` would give: the item is executed, and nothing is saved. One that
        fails is no error, and says so in its outcome.

        Raises:
            BadInput: the params or the id are none of the family's.
        """
        previews, item = self.triggers.previews, id_text(item_id, "item_id")
        whole = params_of(self.bound, params, named, asked=set())
        ended = await previews.preview(self.bound, item, whole)
        overwrites = await previews.has_result(self.bound, item, whole)
        kept = ended.history
        result = None if kept.result is None else self.bound.results.read(kept.result, kept.exact)
        return ItemPreview(
            item_id=item,
            outcome=ended.status,
            result=result,
            reason=ended.error_message,
            error_class=ended.error_class,
            overwrites=overwrites,
            milliseconds=ended.work_ms,
        )

    async def trigger_items(self, run_id: str, item_ids: Ids) -> int:
        """Schedule exactly these items within a running run, beside its pages. Returns how many are
        new to the run.

        Raises:
            NotFound, Conflict: the run is not there, or is not running.
            BadInput: it is a run of another family, or one of them is no id of this one.
        """
        return await self.triggers.trigger_items(self.bound, run_id, texts(item_ids))

    def run(self, run_id: str) -> RunHandle[ResultT]:
        """A run that was started before, by whomever."""
        return replace(self.triggers.run(run_id), family=self.bound.name)

    async def _start(self, request: RunRequest, key: str | None) -> RunHandle[ResultT]:
        started = await self.triggers.trigger_process(
            self.bound,
            request,
            started_by=self.started_by,
            once=once_under(key, self.bound, request, self.started_by),
        )
        return self.run(started.run_id)
