"""The triggers of one family, with its own types: ``client.of(InvoiceReminders)``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import TypeVar as DefaultTypeVar

from app.workflows.contract.run_options import RunOptions
from app.workflows.keys import handed_over
from app.workflows.runs.handle import RunHandle
from app.workflows.runs.request import RunRequest
from app.workflows.sources.item_ids import id_text, texts
from app.workflows.typed.dry_run import DryRun
from app.workflows.typed.family_previews import FamilyPreviews
from app.workflows.typed.run_request import Ids, entity_of, once_under, run_request

ParamsT = TypeVar("ParamsT", bound=BaseModel)
ResultT = TypeVar("ResultT")
EntityT = DefaultTypeVar("EntityT", default=Any)


@dataclass(frozen=True, slots=True)
class FamilyClient(FamilyPreviews[ParamsT, ResultT], Generic[ParamsT, ResultT, EntityT]):
    """Starts runs of one family.

    Params are given as an object of the family's model, which a type checker sees through, or by
    their names as keyword arguments, which are checked when the call is made. The options of the
    call, such as ``limit``, stand beside them.
    """

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
        """Start a run, and return its handle. Its row and its first message are one commit.

        Args:
            params: an object of the family's params, in place of keyword arguments.
            dry_run: return what it would do, and start nothing.
            force: also items that already have a result.
            limit: process at most so many items.
            item_ids: exactly these items, in place of the eligible ones.
            item_list: the id of a list of ids that was made before, in their place.
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

    async def invoke(
        self,
        entity: EntityT,
        params: ParamsT | None = None,
        /,
        *,
        options: RunOptions | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> RunHandle[ResultT]:
        """Execute an entity that has no row, as a run of its own. The result stays on the item: the
        family's ``save`` is not called.

        Raises:
            BadInput: also where the family declares no such entity (``JobFamily.invokes``).
            NotReady: as ``trigger_process``.
        """
        request = run_request(
            self.bound, params, named, options=options, entity=entity_of(self.bound, entity)
        )
        run = await self._start(request, idempotency_key)
        return replace(run, item_id=handed_over(run.id))

    async def trigger_items(self, run_id: str, item_ids: Ids) -> int:
        """Schedule exactly these items within a running run, beside its pages. Returns how many are
        new to the run.

        Raises:
            NotFound, Conflict: the run is not there, or is not running.
            BadInput: it is a run of another family, or one of them is no id of this one.
        """
        return await self.triggers.trigger_items(self.bound, run_id, texts(item_ids))

    def run(self, run_id: str) -> RunHandle[ResultT]:
        """A run that anybody started before."""
        return replace(self.triggers.run(run_id), family=self.bound.name)

    async def _start(self, request: RunRequest, key: str | None) -> RunHandle[ResultT]:
        started = await self.triggers.trigger_process(
            self.bound,
            request,
            started_by=self.started_by,
            once=once_under(key, self.bound, request, self.started_by),
        )
        return self.run(started.run_id)
