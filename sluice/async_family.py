"""The triggers of a family of another process, for code that is ``async``."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, overload

from sluice.async_previews import AsyncPreviews
from sluice.async_run import AsyncRun
from sluice.calls.requests import Entity, Ids, Params, execute_body, new_key, process_body
from sluice.models import DryRun, RunOptions, ScheduledAnswer, StartedAnswer

ResultT = TypeVar("ResultT")


class AsyncFamily(AsyncPreviews[ResultT]):
    """Starts runs of one family. Params are named as keyword arguments, by their names in the
    family's file, or given as a mapping or a model; the service checks them."""

    async def dry_run(
        self,
        params: Params | None = None,
        /,
        *,
        force: bool = False,
        limit: int | None = None,
        item_ids: Ids | None = None,
        item_list: str | None = None,
        **named: Any,  # as the family's params take them
    ) -> DryRun:
        """What ``trigger_process`` would do. Writes nothing and starts nothing.

        Raises:
            NotReached, CallRefused
        """
        body = process_body(params, named, force, limit, item_ids, item_list, None)
        route = await self._connection.route(self.name, "process")
        return await self._connection.post(DryRun, route, body | {"dry_run": True})

    @overload
    async def trigger_process(
        self,
        params: Params | None = None,
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
        params: Params | None = None,
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
    ) -> AsyncRun[ResultT]: ...

    async def trigger_process(
        self,
        params: Params | None = None,
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
    ) -> DryRun | AsyncRun[ResultT]:
        """Start a run, and return its handle. When this returns, the run is committed.

        Args:
            params: a mapping or a model, in place of keyword arguments.
            dry_run: return what it would do, and start nothing.
            force: also items that already have a result.
            limit: process at most so many items.
            item_ids: exactly these items, in place of the eligible ones.
            item_list: the id of a list of ids that was made before, in their place.
            options: what is left out is as the family says.
            idempotency_key: the same call under the same key gives the run that it started the
                first time. None: one of this call's own, so that it may be made again.

        Raises:
            CallRefused: the service takes no such params (422), the family has an active run and
                refuses another beside it (409), or its work cannot be done just now (424).
            NotReached: it did not answer in time. The run may have been started: call again under
                the same key.
        """
        if dry_run:
            return await self.dry_run(
                params,
                force=force,
                limit=limit,
                item_ids=item_ids,
                item_list=item_list,
                **named,
            )
        body = process_body(params, named, force, limit, item_ids, item_list, options)
        route = await self._connection.route(self.name, "process")
        key = idempotency_key or new_key()
        started = await self._connection.post(StartedAnswer, route, body, key=key)
        return self.run(started.run_id)

    async def trigger_execute(
        self,
        item_id: str | int,
        params: Params | None = None,
        /,
        *,
        attempts: int | None = None,
        approval: bool | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> AsyncRun[ResultT]:
        """Execute one item whether or not it has a result, as a run of its own.

        Args:
            attempts: that may fail before the item is failed; None: as its family says.
            approval: wait until somebody approves; None: as its family says.

        Raises:
            NotReached, CallRefused: as ``trigger_process``.
        """
        asked = {"attempts": attempts, "approval": approval}
        body = execute_body(item_id, params, named) | asked
        route = await self._connection.route(self.name, "execute")
        key = idempotency_key or new_key()
        started = await self._connection.post(ScheduledAnswer, route, body, key=key)
        return AsyncRun(self._connection, started.run_id, self._result, str(item_id))

    async def invoke(
        self,
        entity: Entity,
        params: Params | None = None,
        /,
        *,
        options: RunOptions | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> AsyncRun[ResultT]:
        """Execute an entity that has no row, as a run of its own. The result stays on the item: the
        family's ``save`` is not called.

        Raises:
            CallRefused: also where the family takes no such entity (422).
            NotReached: as ``trigger_process``.
        """
        body = process_body(params, named, False, None, None, None, options, entity)
        route = await self._connection.route(self.name, "process")
        key = idempotency_key or new_key()
        started = await self._connection.post(StartedAnswer, route, body, key=key)
        return AsyncRun(self._connection, started.run_id, self._result, started.item_id)

    async def trigger_items(self, run_id: str, item_ids: Ids) -> int:
        """Schedule exactly these items within a running run. Returns how many are new to the run.

        Raises:
            NotReached, CallRefused
        """
        route = await self._connection.route(self.name, "paginate")
        body = {"run_id": run_id, "item_ids": list(item_ids)}
        return (await self._connection.post(ScheduledAnswer, route, body)).scheduled

    def run(self, run_id: str) -> AsyncRun[ResultT]:
        """A run that anybody started before."""
        return AsyncRun(self._connection, run_id, self._result)
