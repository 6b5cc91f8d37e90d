"""What ``ctx`` can do for one item in one delivery: its steps, and its stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from app.store.statuses import StepKind, StepStatus
from app.workflows.batching.batched_calls import batching_of
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.steps.deferred_reply import DeferredReply, read_reply
from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.contract.steps.matched_event import AskedEvent, MatchedEvent
from app.workflows.events.event_waits import wanted_event
from app.workflows.failures.delays import of_step
from app.workflows.http_call import idempotency_key, send
from app.workflows.steps.children.outcome import result_of
from app.workflows.steps.children.request import family_of
from app.workflows.steps.on_demand import StepsOnDemand
from app.workflows.steps.payloads import checked_args, checked_value, expected, shown_to_people

T = TypeVar("T")


class DurableStepRunner(StepsOnDemand):
    """See ``Context``, whose methods these are."""

    __slots__ = ()

    async def run(
        self,
        name: str,
        fn: Callable[..., object],
        args: tuple[object, ...],
        attempts: int,
        backoff: Backoff,
    ) -> Any:  # what fn returned
        asked = await self._steps.ask(name, StepKind.RUN)
        contract = self._bound.contract_of(fn)
        if asked.done:
            remembered = self._steps.load(asked.result)
            contract.check_remembered(name, remembered)
            return remembered
        with self._steps.raised.of(asked.record):
            given = checked_args(self._bound, contract, name, args)
        once = contract.checked(name, partial(self._bound.awaitable(fn), *given))
        return await self._steps.tried(asked, once, attempts, backoff)

    async def batched(
        self,
        name: str,
        method: str,
        value: object,
        attempts: int,
        backoff: Backoff,
        spend: Callable[..., None],
    ) -> Any:  # what the method answered for the value
        asked = await self._steps.ask(name, StepKind.RUN)
        with self._steps.raised.of(asked.record):
            batching_of(self._bound, method)
        # Of lists: each value, and each answer, is held against it as a list of one.
        contract = self._bound.contract_of(getattr(self._bound.family, method))
        if asked.done:
            remembered = self._steps.load(asked.result)
            contract.check_remembered(name, [remembered])
            return remembered
        with self._steps.raised.of(asked.record):
            given = checked_value(self._bound, contract, name, value)

        async def once() -> object:
            ask = self._parts.batches.answer
            answer = await ask(self._bound, self._claim.run_id, method, given, spend)
            contract.check_result(name, [answer])
            return answer

        return await self._steps.tried(asked, once, attempts, backoff)

    async def sleep(self, name: str, delay: timedelta) -> None:
        await self._steps.sleep(name, delay)

    async def sleep_until(self, name: str, moment: datetime) -> None:
        await self._steps.sleep_until(name, moment)

    async def call(
        self, name: str, request: HttpRequest, attempts: int, backoff: Backoff
    ) -> HttpResponse:
        asked = await self._steps.ask(name, StepKind.CALL)
        answer: HttpResponse
        if asked.done:
            answer = self._steps.load(asked.result)
            return answer
        asked.record.payload = json.dumps(request.shown)
        key = idempotency_key(self._bound.name, self._origin, self._steps.item_id, name)
        # Half: a body that is no text is written in more bytes than it has.
        largest = self._bound.values.largest // 2
        once = partial(send, request, self._parts.http, key, largest=largest)
        answer = await self._steps.tried(asked, once, attempts, backoff)
        return answer

    async def suspend(
        self,
        name: str,
        payload: object,
        resume: type[BaseModel] | None,
        limit: timedelta | None,
    ) -> Any:  # a `resume`, or whatever was answered
        asked = await self._steps.ask(name, StepKind.SUSPEND)
        if asked.done:
            return self._steps.load(asked.result)
        with self._steps.raised.of(asked.record):
            asked.record.payload = shown_to_people(name, payload)
            asked.record.expects = expected(self._bound, name, payload, resume)
        limit = None if limit is None else of_step(name, "timeout", limit)
        waited = await self._steps.waited(asked, StepStatus.SUSPENDED, limit)
        return self._steps.load(waited)

    async def wait_for(
        self, name: str, event: AskedEvent, limit: timedelta | None
    ) -> MatchedEvent | None:
        asked = await self._steps.ask(name, StepKind.EVENT)
        with self._steps.raised.of(asked.record):
            wanted = wanted_event(name, event, item_id=self._steps.item_id)
            asked.record.payload = json.dumps(wanted.shown)
            limit = asked.record.due_in = limit and of_step(name, "timeout", limit)
        text = asked.result
        if asked.fresh:
            with self._steps.rest.working(), self._steps.raised.of(asked.record):
                text = await self._events.begin(self._claim, asked.record, wanted, self._origin)
        if text is None and not asked.done:
            text = await self._steps.waited(
                asked, StepStatus.WAITING, limit, begun=True, over=self._events.settle
            )
        return self._events.taken(wanted, text)

    async def child(
        self,
        name: str,
        family: str,
        item_id: str | int | UUID,
        params: BaseModel | Mapping[str, Any] | None,
    ) -> Any:  # what the child's execute returned
        bound = family_of(self._parts.children.families, name, family)
        asked = await self._steps.ask(name, StepKind.CHILD)
        if asked.known is None:
            with self._steps.rest.working(), self._steps.raised.of(asked.record):
                await self._parts.children.begin(self._claim, asked.record, bound, item_id, params)
        text = asked.result
        if not asked.done:
            text = await self._steps.waited(asked, StepStatus.WAITING, None, begun=True)
        return result_of(name, bound, text)

    async def start(
        self,
        name: str,
        family: str,
        params: BaseModel | Mapping[str, Any] | None,
        force: bool,
        item_ids: Sequence[str | int | UUID] | None,
    ) -> str:
        bound = family_of(self._parts.children.families, name, family)
        asked = await self._steps.ask(name, StepKind.START)
        if asked.done:
            return str(self._steps.load(asked.result))
        with self._steps.rest.working(), self._steps.raised.of(asked.record):
            started = partial(self._parts.children.start, self._claim, asked.record, bound)
            text = await started(self._bound.values, params, force=force, item_ids=item_ids)
        return str(self._steps.load(text))

    async def deferred(
        self, name: str, body: Mapping[str, Any], url: str, provider: str
    ) -> DeferredReply:
        asked = await self._steps.ask(name, StepKind.DEFERRED)
        text = asked.result
        if asked.fresh:
            with self._steps.rest.working(), self._steps.raised.of(asked.record):
                await self._parts.deferred.begin(self._claim, asked.record, body, url, provider)
        if not asked.done:
            text = await self._steps.waited(asked, StepStatus.WAITING, None, begun=True)
        return read_reply(text or "")

    def link(self, name: str, expires: timedelta) -> str:
        return self._parts.links.issue(self._steps.run_id, self._steps.item_id, [name], expires)
