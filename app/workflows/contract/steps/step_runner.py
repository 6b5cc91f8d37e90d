"""What stands behind ``ctx`` while an item is at work: it runs, remembers or previews steps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

from app.workflows.contract.backoff import Backoff
from app.workflows.contract.steps.deferred_reply import DeferredReply
from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.contract.steps.matched_event import AskedEvent, MatchedEvent

T = TypeVar("T")


class StreamWriter(Protocol):
    """Partial output of an item, to be read live and later."""

    async def write(self, chunk: Any) -> None:  # whatever JSON can hold
        """Return when the chunk is committed. In a preview it goes nowhere.

        Raises:
            Fatal: it is no JSON, or too large, or the delivery has written too many.
        """


class StepRunner(Protocol):
    """One item's steps in one delivery. ``Context`` says what each method does."""

    @property
    def stream(self) -> StreamWriter: ...
    def around(self, work: Awaitable[T], task: asyncio.Task[Any]) -> Awaitable[T]:
        """Await ``execute`` in ``task``, the current one, and check that the steps that it asks for
        are those remembered."""

    async def run(
        self,
        name: str,
        fn: Callable[..., object],
        args: tuple[object, ...],
        attempts: int,
        backoff: Backoff,
    ) -> Any:  # what fn returned
        ...

    async def batched(
        self,
        name: str,
        method: str,
        value: object,
        attempts: int,
        backoff: Backoff,
        spend: Callable[..., None],
    ) -> Any:  # what the method answered for the value
        ...

    async def sleep(self, name: str, delay: timedelta) -> None: ...
    async def sleep_until(self, name: str, moment: datetime) -> None: ...
    async def call(
        self, name: str, request: HttpRequest, attempts: int, backoff: Backoff
    ) -> HttpResponse: ...
    async def suspend(
        self, name: str, payload: object, resume: type[BaseModel] | None, limit: timedelta | None
    ) -> Any:  # a `resume`, or whatever was answered
        ...

    async def wait_for(
        self, name: str, event: AskedEvent, limit: timedelta | None
    ) -> MatchedEvent | None: ...
    async def child(
        self,
        name: str,
        family: str,
        item_id: str | int | UUID,
        params: BaseModel | Mapping[str, Any] | None,
    ) -> Any:  # what the child's execute returned
        ...

    async def start(
        self,
        name: str,
        family: str,
        params: BaseModel | Mapping[str, Any] | None,
        force: bool,
        item_ids: Sequence[str | int | UUID] | None,
    ) -> str: ...
    async def deferred(
        self, name: str, body: Mapping[str, Any], url: str, provider: str
    ) -> DeferredReply: ...
    def link(self, name: str, expires: timedelta) -> str: ...
