"""What a family of another process would make of one item, or of a few."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from sluice.calls.connection import Connection
from sluice.calls.requests import Entity, Ids, Params, execute_body, sample_body
from sluice.models import Preview
from sluice.samples import Budget, Sample

ResultT = TypeVar("ResultT")


class AsyncPreviews(Generic[ResultT]):
    """The part of ``AsyncFamily`` that executes, and saves nothing."""

    def __init__(self, connection: Connection, name: str, result: Any) -> None:
        self.name = name
        self._connection = connection
        self._result = result

    async def preview(
        self, item: str | int | Entity, params: Params | None = None, /, **named: Any
    ) -> Preview[ResultT]:
        """What ``trigger_execute`` or ``invoke`` would give: the item is executed, and nothing is
        saved.

        Args:
            item: its id, or an entity of one's own.

        Raises:
            CallRefused: also for an item whose execution failed (424).
            NotReached
        """
        body = execute_body(item, params, named) | {"dry_run": True}
        route = await self._connection.route(self.name, "execute")
        return await self._connection.post(Preview[self._result], route, body)  # type: ignore[name-defined]  # known at run time

    async def sample(
        self,
        params: Params | None = None,
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
    ) -> Sample:
        """Execute a uniform sample of the items that ``trigger_process`` would process, and save
        nothing.

        Args:
            size: how many items at most, up to 200; None: 50.
            seconds: time for all of it, up to 300; None: 60.
            budget: when so much is spent, nothing else begins.
            force: also choose from items that already have a result.
            limit: the limit of the run that is estimated.
            item_ids: choose from exactly these items, in place of the eligible ones.
            item_list: the id of a list of ids that was made before, to choose from.

        Raises:
            NotReached, CallRefused
        """
        body = sample_body(
            params,
            named,
            force,
            limit,
            item_ids,
            item_list,
            size=size,
            seconds=seconds,
            budget=budget,
        )
        route = await self._connection.route(self.name, "sample")
        return await self._connection.post(Sample, route, body)
