"""A service of another process, for code that is ``async``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import httpx2
from pydantic import BaseModel

from sluice.async_family import AsyncFamily
from sluice.async_run import AsyncRun
from sluice.calls.connection import Connection
from sluice.calls.requests import new_key
from sluice.sent_events import EventsSentAnswer, NewEvent, SentEvent, as_body, new_event

ResultT = TypeVar("ResultT")


class AsyncSluiceClient:
    """``async with AsyncSluiceClient() as client:``. A call that gets no answer is repeated for
    ``patience`` seconds; one that starts a run still starts it once.

    Args:
        url: None: SLUICE_URL.
        token: None: SLUICE_TOKEN.
        timeout: seconds until an answer must come.
        transport: in place of the network, for tests: ``httpx2.ASGITransport(app)``.

    Raises:
        NotConfigured: the address or the token cannot be used.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        timeout: float = 60.0,
        patience: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection(
            url, token, timeout=timeout, patience=patience, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._connection.aclose()

    @overload
    def of(self, family: str) -> AsyncFamily[Any]: ...

    @overload
    def of(self, family: str, *, result: type[ResultT]) -> AsyncFamily[ResultT]: ...

    def of(self, family: str, *, result: Any = Any) -> AsyncFamily[Any]:
        """The triggers of one family.

        Args:
            result: the type of what it returns for an item, such as ``list[str]`` or a model.
        """
        return AsyncFamily(self._connection, family, result)

    async def send_event(
        self,
        name: str,
        data: BaseModel | Mapping[str, Any] | None = None,
        *,
        event_id: str | None = None,
        at: datetime | None = None,
    ) -> SentEvent:
        """Send an event: families that name it start work on the item in its data.

        Args:
            event_id: an event of this name and id is taken once; None: it is another one each time.
            at: when it happened, with its offset from UTC; None: now.

        Raises:
            CallRefused: a family cannot use it; or the token is not for this.
            ValueError: it has no form in JSON.
        """
        [sent] = await self.send_events([new_event(name, data, event_id, at)])
        return sent

    async def send_events(
        self, events: Sequence[NewEvent], *, idempotency_key: str | None = None
    ) -> list[SentEvent]:
        """Send at most 1,000 events: all are accepted, or none. Returns the answers in the same
        order.

        Args:
            idempotency_key: under which the same call may be made again; None: one of its own.

        Raises:
            CallRefused, ValueError: as ``send_event``.
        """
        key = idempotency_key or new_key()
        answer = await self._connection.post(
            EventsSentAnswer, "api/events", as_body(events), key=key
        )
        return answer.events

    @overload
    def run(self, run_id: str) -> AsyncRun[Any]: ...

    @overload
    def run(self, run_id: str, *, result: type[ResultT]) -> AsyncRun[ResultT]: ...

    def run(self, run_id: str, *, result: Any = Any) -> AsyncRun[Any]:
        """A run that anybody started before."""
        return AsyncRun(self._connection, run_id, result)
