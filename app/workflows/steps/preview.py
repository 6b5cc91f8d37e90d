"""What ``ctx`` can do in a preview: everything that changes nothing. It stops where the item would
wait for somebody, or would change something elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx2
from pydantic import BaseModel

from app.store.statuses import StepKind
from app.workflows.batching.batched_calls import SingleCalls, batching_of
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.exceptions import StepMisused
from app.workflows.contract.steps.deferred_reply import DeferredReply
from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.contract.steps.matched_event import AskedEvent, MatchedEvent
from app.workflows.deferred.calls import request_of, shown
from app.workflows.events.event_waits import wanted_event
from app.workflows.failures.delays import check_moment, of_step
from app.workflows.http_call import SAFE, send
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.steps.children.request import asked_child, asked_run, family_of
from app.workflows.steps.output_stream import OutputStream
from app.workflows.steps.payloads import (
    check_name,
    checked_args,
    checked_value,
    expected,
    shown_to_people,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PreviewStop:
    """Where a preview stopped. ``payload``: what a person would be shown, or what would be called,
    as JSON."""

    step: str
    kind: StepKind
    payload: Any


class PreviewStopped(BaseException):
    """Not an ``Exception``, so that no family takes it for a failure."""

    def __init__(self, stop: PreviewStop) -> None:
        super().__init__(f"The preview stops at {stop.step!r}.")
        self.stop = stop


class PreviewStepRunner:
    """See ``Context``."""

    def __init__(
        self,
        bound: BoundFamily,
        http: httpx2.AsyncClient,
        item_id: str,
        calls: SingleCalls,
        families: Mapping[str, BoundFamily],
    ) -> None:
        self._bound = bound
        self._calls = calls
        self._families = families
        self._http = http
        self._item_id = item_id
        self._names: set[str] = set()
        self.stream = OutputStream(None, "", item_id, 1)

    async def around(self, work: Awaitable[T], _task: asyncio.Task[Any]) -> T:
        return await work

    async def run(
        self,
        name: str,
        fn: Callable[..., object],
        args: tuple[object, ...],
        attempts: int,
        backoff: Backoff,
    ) -> Any:  # what fn returned
        self._ask(name)
        contract = self._bound.contract_of(fn)
        given = checked_args(self._bound, contract, name, args)
        result = await contract.checked(name, partial(self._bound.awaitable(fn), *given))()
        return self._bound.values.copy(result, f"{name}: result")

    async def batched(
        self,
        name: str,
        method: str,
        value: object,
        attempts: int,
        backoff: Backoff,
        spend: Callable[..., None],
    ) -> Any:  # what the method answered for the value
        self._ask(name)
        batching_of(self._bound, method)
        contract = self._bound.contract_of(getattr(self._bound.family, method))
        given = checked_value(self._bound, contract, name, value)
        answer = await self._calls.answer(method, given, spend)
        contract.check_result(name, [answer])
        return self._bound.values.copy(answer, f"{name}: result")

    async def sleep(self, name: str, delay: timedelta) -> None:
        self._ask(name)
        of_step(name, "delay", delay)

    async def sleep_until(self, name: str, moment: datetime) -> None:
        self._ask(name)
        check_moment(name, moment)

    async def call(
        self, name: str, request: HttpRequest, attempts: int, backoff: Backoff
    ) -> HttpResponse:
        self._ask(name)
        if request.method not in SAFE:
            raise PreviewStopped(PreviewStop(name, StepKind.CALL, request.shown))
        return await send(request, self._http, key="", largest=self._bound.values.largest // 2)

    async def suspend(
        self,
        name: str,
        payload: object,
        resume: type[BaseModel] | None,
        limit: timedelta | None,
    ) -> Any:
        self._ask(name)
        shown = json.loads(shown_to_people(name, payload))
        expected(self._bound, name, payload, resume)  # refused here as it would be at work
        if limit is not None:
            of_step(name, "timeout", limit)
        raise PreviewStopped(PreviewStop(name, StepKind.SUSPEND, shown))

    async def wait_for(
        self, name: str, event: AskedEvent, limit: timedelta | None
    ) -> MatchedEvent | None:
        self._ask(name)
        wanted = wanted_event(name, event, item_id=self._item_id)
        if limit is not None:
            of_step(name, "timeout", limit)
        raise PreviewStopped(PreviewStop(name, StepKind.EVENT, wanted.shown))

    async def child(
        self,
        name: str,
        family: str,
        item_id: str | int | UUID,
        params: BaseModel | Mapping[str, Any] | None,
    ) -> Any:
        self._ask(name)
        # Refused here as it would be at work.
        child, _ = asked_child(name, family_of(self._families, name, family), item_id, params)
        raise PreviewStopped(PreviewStop(name, StepKind.CHILD, {"family": family, "itemId": child}))

    async def start(
        self,
        name: str,
        family: str,
        params: BaseModel | Mapping[str, Any] | None,
        force: bool,
        item_ids: Sequence[str | int | UUID] | None,
    ) -> str:
        self._ask(name)
        bound = family_of(self._families, name, family)
        asked_run(name, bound, params, force=force, item_ids=item_ids)
        raise PreviewStopped(PreviewStop(name, StepKind.START, {"family": family}))

    async def deferred(
        self, name: str, body: Mapping[str, Any], url: str, provider: str
    ) -> DeferredReply:
        self._ask(name)
        call = request_of(("", "", name), body, url, provider)
        raise PreviewStopped(PreviewStop(name, StepKind.DEFERRED, json.loads(shown(call))))

    def link(self, name: str, expires: timedelta) -> str:
        return f"about:blank#{name}"  # nobody shall answer a preview

    def _ask(self, name: str) -> None:
        check_name(name)
        if name in self._names:
            raise StepMisused(f"Two steps of the item are named {name!r}.")
        self._names.add(name)
