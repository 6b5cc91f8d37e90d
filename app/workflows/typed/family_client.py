"""The triggers of one family, with its own types: ``client.of(WelcomePlaceholders)``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, Protocol, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel

from app.errors import BadInput
from app.store.runs.idempotency import IdempotentCall
from app.workflows.contract.run_options import RunOptions, options_of
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.handle import RunHandle
from app.workflows.runs.request import RunRequest
from app.workflows.runs.start import StartedRun
from app.workflows.sources.item_ids import id_text
from app.workflows.typed.dry_run import DryRun
from app.workflows.typed.keyword_params import params_of

ParamsT = TypeVar("ParamsT", bound=BaseModel)
ResultT = TypeVar("ResultT")
Ids = Sequence[str] | Sequence[int] | Sequence[UUID]


class Triggers(Protocol):
    """``WorkflowClient``, which makes these."""

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
        """
        request = self._request(params, named, force, limit, item_ids, item_list, None)
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
            Conflict: the family has an active run, and refuses another beside it.
        """
        request = self._request(params, named, force, limit, item_ids, item_list, options)
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
            BadInput, Conflict: as ``trigger_process``.
        """
        named_id = id_text(item_id, "item_id")
        request = self._request(params, named, True, None, [named_id], None, options)
        run = await self._start(request, idempotency_key)
        return replace(run, item_id=named_id)

    async def trigger_items(self, run_id: str, item_ids: Ids) -> int:
        """Schedule exactly these items within a running run, beside its pages. Returns how many are
        new to the run.

        Raises:
            NotFound, Conflict: the run is not there, or is not running.
            BadInput: it is a run of another family, or one of them is no id of this one.
        """
        return await self.triggers.trigger_items(self.bound, run_id, _texts(item_ids))

    def run(self, run_id: str) -> RunHandle[ResultT]:
        """A run that was started before, by whomever."""
        return replace(self.triggers.run(run_id), family=self.bound.name)

    async def _start(self, request: RunRequest, key: str | None) -> RunHandle[ResultT]:
        once = None if key is None else IdempotentCall(self.started_by, key, self._print(request))
        started = await self.triggers.trigger_process(
            self.bound, request, started_by=self.started_by, once=once
        )
        return self.run(started.run_id)

    def _request(
        self,
        whole: ParamsT | None,
        named: dict[str, Any],
        force: bool,
        limit: int | None,
        item_ids: Ids | None,
        item_list: str | None,
        options: RunOptions | None,
    ) -> RunRequest:
        given = {"limit": limit, "item_ids": item_ids, "item_list": item_list, "options": options}
        asked = {name for name, value in given.items() if value is not None}
        asked |= {"force"} if force else set()
        if limit is not None and limit < 1:
            raise BadInput("limit must be 1 or more.", field="limit")
        if item_ids is not None and item_list is not None:
            raise BadInput("Name either item_ids or item_list, not both.", field="item_list")
        set_ = () if options is None else options.model_fields_set
        return RunRequest(
            params=params_of(self.bound, whole, named, asked=asked),
            force=force,
            limit=limit,
            item_ids=None if item_ids is None else _texts(item_ids),
            item_list=item_list,
            options=options_of(self.bound.family, **{n: getattr(options, n) for n in set_}),
        )

    def _print(self, request: RunRequest) -> bytes:
        """By which the same call is known."""
        ids = None if request.item_ids is None else list(request.item_ids)
        options = None if request.options is None else request.options.stored()
        beside = [self.bound.name, request.force, request.limit, ids, request.item_list, options]
        return self.bound.params.fingerprint(request.params, json.dumps(beside, sort_keys=True))


def _texts(item_ids: Ids) -> list[str]:
    if isinstance(item_ids, str) or not item_ids:
        raise BadInput("item_ids must be a list of one id or more.", field="item_ids")
    return [id_text(one, "item_ids") for one in item_ids]
