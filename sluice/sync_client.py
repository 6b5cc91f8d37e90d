"""A service of another process, for code that is not ``async``: as ``sluice.async_client``, whose
docstrings say what each call does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar, overload

import httpx2
from pydantic import BaseModel

from sluice.async_client import AsyncSluiceClient
from sluice.async_family import AsyncFamily
from sluice.calls.requests import Entity, Ids, Params
from sluice.event_loop import EventLoopThread
from sluice.models import DryRun, Preview, RunOptions
from sluice.samples import Budget, Sample
from sluice.sent_events import NewEvent, SentEvent
from sluice.sync_run import Run

ResultT = TypeVar("ResultT")


class SluiceClient:
    """``with SluiceClient() as client:``. See ``AsyncSluiceClient``."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        timeout: float = 60.0,
        patience: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = AsyncSluiceClient(
            url, token=token, timeout=timeout, patience=patience, transport=transport
        )
        self._loop = EventLoopThread()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._loop.call(self._client.aclose())
        finally:
            self._loop.close()

    @overload
    def of(self, family: str) -> Family[Any]: ...

    @overload
    def of(self, family: str, *, result: type[ResultT]) -> Family[ResultT]: ...

    def of(self, family: str, *, result: Any = Any) -> Family[Any]:
        return Family(self._loop, self._client.of(family, result=result))

    def send_event(
        self,
        name: str,
        data: BaseModel | Mapping[str, Any] | None = None,
        *,
        event_id: str | None = None,
        at: datetime | None = None,
    ) -> SentEvent:
        return self._loop.call(self._client.send_event(name, data, event_id=event_id, at=at))

    def send_events(
        self, events: Sequence[NewEvent], *, idempotency_key: str | None = None
    ) -> list[SentEvent]:
        return self._loop.call(self._client.send_events(events, idempotency_key=idempotency_key))

    @overload
    def run(self, run_id: str) -> Run[Any]: ...

    @overload
    def run(self, run_id: str, *, result: type[ResultT]) -> Run[ResultT]: ...

    def run(self, run_id: str, *, result: Any = Any) -> Run[Any]:
        return Run(self._loop, self._client.run(run_id, result=result))


class Family(Generic[ResultT]):
    """Starts runs of one family. See ``AsyncFamily``."""

    def __init__(self, loop: EventLoopThread, family: AsyncFamily[ResultT]) -> None:
        self.name = family.name
        self._loop = loop
        self._family = family

    def dry_run(
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
        return self._loop.call(
            self._family.dry_run(
                params,
                force=force,
                limit=limit,
                item_ids=item_ids,
                item_list=item_list,
                **named,
            )
        )

    @overload
    def trigger_process(
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
    def trigger_process(
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
    ) -> Run[ResultT]: ...

    def trigger_process(
        self,
        params: Params | None = None,
        /,
        *,
        dry_run: bool = False,
        options: RunOptions | None = None,
        idempotency_key: str | None = None,
        **given: Any,  # the other options, and params
    ) -> DryRun | Run[ResultT]:
        if dry_run:
            return self._loop.call(self._family.dry_run(params, **given))
        started = self._family.trigger_process(
            params, options=options, idempotency_key=idempotency_key, **given
        )
        return Run(self._loop, self._loop.call(started))

    def trigger_execute(
        self,
        item_id: str | int,
        params: Params | None = None,
        /,
        *,
        attempts: int | None = None,
        approval: bool | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> Run[ResultT]:
        started = self._family.trigger_execute(
            item_id,
            params,
            attempts=attempts,
            approval=approval,
            idempotency_key=idempotency_key,
            **named,
        )
        return Run(self._loop, self._loop.call(started))

    def invoke(
        self,
        entity: Entity,
        params: Params | None = None,
        /,
        *,
        options: RunOptions | None = None,
        idempotency_key: str | None = None,
        **named: Any,
    ) -> Run[ResultT]:
        started = self._family.invoke(
            entity, params, options=options, idempotency_key=idempotency_key, **named
        )
        return Run(self._loop, self._loop.call(started))

    def preview(
        self, item: str | int | Entity, params: Params | None = None, /, **named: Any
    ) -> Preview[ResultT]:
        return self._loop.call(self._family.preview(item, params, **named))

    def sample(
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
        return self._loop.call(
            self._family.sample(
                params,
                size=size,
                seconds=seconds,
                budget=budget,
                force=force,
                limit=limit,
                item_ids=item_ids,
                item_list=item_list,
                **named,
            )
        )

    def trigger_items(self, run_id: str, item_ids: Ids) -> int:
        return self._loop.call(self._family.trigger_items(run_id, item_ids))

    def run(self, run_id: str) -> Run[ResultT]:
        return Run(self._loop, self._family.run(run_id))
