"""A run of a service of another process, for code that is ``async``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from sluice.calls.connection import Connection
from sluice.errors import CallRefused, RunNotSucceeded
from sluice.models import Chunk, Event, Item, ItemsAnswer, RunAnswer, RunState

ResultT = TypeVar("ResultT")
PAGE = 200
"""The most that a page may have."""
COUNTED = frozenset({"begun", "paused", "cancelling", "ended"})
"""Events after which a run is pending no more."""
UNTIL_IT_IS_THERE = 0.25
"""Seconds between two looks for an item that its run has not come to."""


class AsyncRun(Generic[ResultT]):
    """A handle of a run. Dropping it leaves the run as it is.

    Raises:
        NotReached, CallRefused: by each method.
    """

    def __init__(
        self, connection: Connection, run_id: str, result: Any, item_id: str | None = None
    ) -> None:
        self.id = run_id
        self._connection = connection
        self._result = result
        self._item_id = item_id
        self._path = f"api/runs/{quote(run_id, safe='')}"

    async def status(self) -> RunState:
        """The run's present state, with its counters."""
        answer = await self._connection.get(RunAnswer, self._path)
        return answer.run.model_copy(update={"finish": answer.finish})

    async def counted(self, *, within: float) -> RunState:
        """Wait until the run has been counted, and has begun, ended or stopped, or for so many
        seconds. Returns its state then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while (run := await self.status()).status == "pending":
                    async with aclosing(
                        self._connection.follow(f"{self._path}/events")
                    ) as messages:
                        async for message in messages:
                            if message.event in COUNTED:
                                break
                return run
        return await self.status()

    async def wait(self, *, timeout: float | None = None) -> RunState:  # noqa: ASYNC109 - the caller's wish
        """Wait for the run's end, however it ends. One that is paused has not ended: somebody has
        to resume, approve or cancel it.

        Raises:
            TimeoutError: it has not ended within so many seconds. It goes on.
        """
        async with asyncio.timeout(timeout):
            while not (run := await self.status()).has_ended:
                async with aclosing(self._connection.follow(f"{self._path}/events")) as messages:
                    async for message in messages:
                        if message.event == "ended":
                            break
            return run

    async def result(self, *, timeout: float | None = None) -> RunState:  # noqa: ASYNC109 - the caller's wish
        """Wait for the run's end, and return the run with its counters: it has the status
        ``succeeded`` or ``partial``. ``items`` says which of its items failed.

        Raises:
            RunNotSucceeded: it failed or was cancelled.
            TimeoutError: it has not ended within so many seconds. It goes on.
        """
        run = await self.wait(timeout=timeout)
        if run.status in ("failed", "cancelled"):
            raise RunNotSucceeded(run)
        return run

    async def items(self, *, status: str | None = None) -> AsyncGenerator[Item[ResultT], None]:
        """The run's items in their present state, by id, read page by page.

        Args:
            status: only these, such as ``"failed"``.

        Raises:
            pydantic.ValidationError: a result is not of the type that ``result`` says.
        """
        cursor: str | None = None
        kind = Item[self._result]  # type: ignore[name-defined]  # known at run time
        while True:
            page = await self._connection.get(
                ItemsAnswer,
                f"{self._path}/items",
                limit=PAGE,
                cursor=cursor,
                status=status,
                largeResults="true",
            )
            for item in page.items:
                yield kind.model_validate(item.model_dump(by_alias=True))
            cursor = page.next_cursor
            if cursor is None:
                return

    async def stream(self, item_id: str | None = None) -> AsyncGenerator[Chunk, None]:
        """What one item writes, the oldest first, until the item has its outcome.

        Args:
            item_id: None: the one that the run was started for by ``trigger_execute``.

        Raises:
            ValueError: the run was not started for one item, so one must be named.
        """
        named = item_id or self._item_id
        if named is None:
            raise ValueError("Say which item: run.stream(item_id).")
        while True:
            stream = self._connection.follow(f"{self._path}/item/stream", id=named)
            try:
                async with aclosing(stream) as messages:
                    async for message in messages:
                        if message.event == "ended":
                            return
                        yield Chunk.model_validate_json(message.data)
            except CallRefused as error:
                # The run may not have come to it yet.
                if error.status != HTTPStatus.NOT_FOUND or (await self.status()).has_ended:
                    raise
                await asyncio.sleep(UNTIL_IT_IS_THERE)
            else:
                return

    async def events(self) -> AsyncGenerator[Event, None]:
        """The run's events, the oldest first, past and future, up to its end."""
        async with aclosing(self._connection.follow(f"{self._path}/events")) as messages:
            async for message in messages:
                if message.event != "progress":
                    yield Event.model_validate_json(message.data)
