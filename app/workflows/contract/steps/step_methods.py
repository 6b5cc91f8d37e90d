"""The steps that ``execute`` may take, as an author sees them. docs/steps.md is the guide."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel

from app.workflows.contract.backoff import Backoff
from app.workflows.contract.exceptions import StepMisused
from app.workflows.contract.steps.deferred_reply import DeferredReply
from app.workflows.contract.steps.event_methods import EventMethods
from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.contract.steps.step_runner import StepRunner, StreamWriter

T = TypeVar("T")
Answer = TypeVar("Answer", bound=BaseModel)
ONCE_MORE = Backoff()
CHAT = "/v1/chat/completions"
LINK_LASTS = timedelta(days=7)
"""How long an answer link is valid by default."""


class StepMethods(EventMethods):
    """A step is remembered by its name, which is unique within the item."""

    __slots__ = ()
    runner: StepRunner | None

    @overload
    def run(
        self,
        name: str,
        fn: Callable[..., Awaitable[T]],
        /,
        *args: object,
        attempts: int = 1,
        backoff: Backoff = ONCE_MORE,
    ) -> Awaitable[T]: ...
    @overload
    def run(
        self,
        name: str,
        fn: Callable[..., T],
        /,
        *args: object,
        attempts: int = 1,
        backoff: Backoff = ONCE_MORE,
    ) -> Awaitable[T]: ...
    def run(
        self,
        name: str,
        fn: Callable[..., object],
        /,
        *args: object,
        attempts: int = 1,
        backoff: Backoff = ONCE_MORE,
    ) -> Awaitable[Any]:
        """Run ``fn(*args)`` once, and remember its result: after a crash or a wait, the step of
        this name returns the remembered result. Arguments and result are passed by value.

        Args:
            name: unique within the item.
            attempts: tries before it fails; between two tries the item gives its slot back.

        Raises:
            StepFailed: the last try failed. The item's next attempt tries it anew.
        """
        return self._runner(name).run(name, fn, args, attempts, backoff)

    def sleep(self, name: str, delay: timedelta) -> Awaitable[None]:
        """Give the worker and the slot back, and go on after ``delay``, which may be days."""
        return self._runner(name).sleep(name, delay)

    def sleep_until(self, name: str, moment: datetime) -> Awaitable[None]:
        """Give the worker and the slot back, and go on at ``moment`` by the database's clock, or at
        once if it has passed. Later deliveries keep the moment of the first.

        Raises:
            StepMisused: it has no time zone, or is more than a year away.
        """
        return self._runner(name).sleep_until(name, moment)

    def call(
        self,
        name: str,
        method: str,
        url: str,
        /,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        timeout: float = 30.0,
        attempts: int = 5,
        backoff: Backoff = ONCE_MORE,
        hold: bool = False,
    ) -> Awaitable[HttpResponse]:
        """An HTTP call as a step. 408, 425, 429, any status from 500 on, a timeout and a lost
        connection are tried again, after the time that Retry-After asks for; every other answer is
        remembered and returned, whatever its status.

        Each try carries the same Idempotency-Key, except GET, HEAD and OPTIONS.

        Args:
            timeout: seconds, for each try.
            hold: after a 429 or 503 that says when to come again, nothing starts under the item's
                flow key until then, and the item comes again without using up an attempt, as after
                ``RetryAfter``.

        Raises:
            StepFailed: no try got an answer that may be remembered.
            RetryAfter: see ``hold``.
        """
        request = HttpRequest(
            method.upper(), url, timeout, dict(headers or {}), params, json, content, hold
        )
        return self._runner(name).call(name, request, attempts, backoff)

    @overload
    def suspend(
        self,
        name: str,
        payload: object = None,
        *,
        resume: type[Answer],
        timeout: timedelta | None = None,
    ) -> Awaitable[Answer | None]: ...
    @overload
    def suspend(
        self, name: str, payload: object = None, *, timeout: timedelta | None = None
    ) -> Awaitable[Any]: ...
    def suspend(
        self,
        name: str,
        payload: object = None,
        *,
        resume: type[BaseModel] | None = None,
        timeout: timedelta | None = None,
    ) -> Awaitable[Any]:
        """Wait for a person. The item is ``suspended`` and costs nothing until somebody answers:
        ``POST /api/runs/{run}/item/resume?id=…``.

        Args:
            payload: what the person is shown, as JSON. A pydantic model is validated against its
                class, and its schema goes with it.
            resume: the model of the answer; None: any JSON.
            timeout: how long to wait; then the answer is None. None: for ever.
        """
        return self._runner(name).suspend(name, payload, resume, timeout)

    def child(
        self,
        name: str,
        family: str,
        item_id: str | int | UUID,
        *,
        params: BaseModel | Mapping[str, Any] | None = None,
    ) -> Awaitable[Any]:
        """Run an item of another family, and wait for its result without holding a slot; None if it
        was skipped.

        Raises:
            ChildFailed: it ended in another way.
        """
        return self._runner(name).child(name, family, item_id, params)

    def start(
        self,
        name: str,
        family: str,
        *,
        params: BaseModel | Mapping[str, Any] | None = None,
        force: bool = False,
        item_ids: Sequence[str | int | UUID] | None = None,
    ) -> Awaitable[str]:
        """Start a run of another family, once, and do not wait for it: one commit writes both the
        run and the step.

        Args:
            params, force, item_ids: as for any run.

        Returns:
            The run's id.

        Raises:
            StepMisused: there is no such family, or it takes no such params.
            Conflict: the family has an active run, and allows no other beside it. The item's next
                attempt tries again.
        """
        return self._runner(name).start(name, family, params, force, item_ids)

    def deferred(
        self,
        name: str,
        body: Mapping[str, Any],
        /,
        *,
        url: str = CHAT,
        provider: str = "llm",
    ) -> Awaitable[DeferredReply]:
        """A request to a provider's Batch API, at half the price. The requests of many items become
        one batch, and each item is ``suspended`` until its own answer is there, usually a day at
        most.

        Args:
            body: the request's body, with its ``model``; it must not contain a secret.
            url: the path of the provider's API that each request is for.
            provider: the name of a ``BatchEndpoint`` in app/services/providers.py.

        Raises:
            DeferredFailed: the provider has refused the request, and the item fails; or three
                batches brought no answer, and the item's next attempt asks anew.
            Systemic: there is no such provider.
        """
        return self._runner(name).deferred(name, body, url, provider)

    def link(self, name: str, expires: timedelta = LINK_LASTS) -> str:
        """An address at which somebody without a token may answer the step ``name``, once it is
        suspended and until the link expires. Send it to them before you call ``suspend``."""
        return self._runner(name).link(name, expires)

    @property
    def stream(self) -> StreamWriter:
        """``await ctx.stream.write(chunk)``: partial output, to be read live and later."""
        return self._runner("stream").stream

    def _runner(self, name: str) -> StepRunner:
        if self.runner is None:
            raise StepMisused(
                f"{name!r} is asked for outside execute: load, save and page have no steps."
            )
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise StepMisused(
                f"{name!r} is asked for in a thread. Steps need an execute that is async def."
            ) from None
        return self.runner
