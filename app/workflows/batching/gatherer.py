"""Gathers the values of many waiting callers into calls of one function that takes a list."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any

import httpx2

from app.connections.shared_tasks import shared_task
from app.errors import SluiceError
from app.store.pool import WAITER
from app.workflows.contract.context import Cost, Meter
from app.workflows.contract.exceptions import Fatal, Ruling, disposition, members
from app.workflows.http_call import PASSING

NOTHING = Cost()
UNAVAILABLE = (503, 504)


@dataclass(slots=True)
class Answered:
    """What became of one value. ``spent``: its share of what its calls have cost."""

    result: Any = None  # of the method's own type
    error: BaseException | None = None
    trace: TracebackType | None = None
    """Of the call. Each who raises the error adds frames to its own."""
    spent: Cost = NOTHING


@dataclass(slots=True, eq=False)
class _Value:
    value: Any  # of the method's own type
    answer: asyncio.Future[Answered]
    usd: float = 0.0
    tokens: int = 0
    stands: ExitStack = field(default_factory=ExitStack)
    """Open while its item's clock stands still."""


class Gatherer:
    """
    Args:
        call: is given at most ``size`` values, a meter of what it spends, and what to call when its
            turn has come; answers as many results in their order. One that is an exception is its
            value's alone.
        name: of what is called, for people.
        within: how long the first value waits for others.
        over: is called when the last value in hand has its answer, or has left.
    """

    def __init__(
        self,
        call: Callable[[list[Any], Meter, Callable[[], None]], Awaitable[Sequence[Any]]],
        *,
        name: str,
        size: int,
        within: timedelta,
        over: Callable[[], object] = lambda: None,
    ) -> None:
        self._call = call
        self._name = name
        self._size = size
        self._within = within.total_seconds()
        self._over = over
        self._waiting: list[_Value] = []
        self._timer: asyncio.TimerHandle | None = None
        self._calls: dict[asyncio.Task[None], list[_Value]] = {}

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._calls)

    async def answer(self, value: Any) -> Answered:
        """Return when the call that took ``value`` has answered. Whoever is cancelled leaves; a
        call of which all have left is cancelled. Until its call begins, the item's clock stands."""
        loop = asyncio.get_running_loop()
        place = _Value(value, loop.create_future())
        if (waiter := WAITER.get()) is not None:
            place.stands.enter_context(waiter.waiting())
        self._waiting.append(place)
        if len(self._waiting) >= self._size:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(self._within, self._send)
        try:
            return await place.answer
        except asyncio.CancelledError:
            self._left(place)
            raise
        finally:
            place.stands.close()

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        values, self._waiting = self._waiting, []
        if values:
            task = shared_task(self._settle(values), name=self._name)
            self._calls[task] = values
            task.add_done_callback(self._settled)

    def _left(self, place: _Value) -> None:
        if place in self._waiting:
            self._waiting.remove(place)
            if not self._waiting and self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self.idle:
                self._over()
            return
        for task, values in self._calls.items():
            if place in values and all(one.answer.done() for one in values):
                task.cancel()

    def _settled(self, task: asyncio.Task[None]) -> None:
        for one in self._calls.pop(task):
            if not one.answer.done():  # the loop ends, or the call was cancelled by its own code
                one.answer.cancel()
        if self.idle:
            self._over()

    async def _settle(self, values: Sequence[_Value]) -> None:
        """Call, and where that fails as a whole, by halves, until those are found of which it does:
        the others are none the worse for them."""
        values = [one for one in values if not one.answer.done()]
        if not values:
            return
        meter = Meter()
        try:
            given = [one.value for one in values]
            results = await self._call(given, meter, lambda: _begin(values))
            self._check(results, values)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to each of them, none is swallowed
            _share(meter, values)
            if len(values) > 1 and _may_be_one_values(error):
                half = len(values) // 2
                await self._settle(values[:half])
                await self._settle(values[half:])
                return
            for one in values:
                _tell(one, error=error)
            return
        _share(meter, values)
        for one, result in zip(values, results, strict=True):
            if isinstance(result, BaseException):
                _tell(one, error=result)
            else:
                _tell(one, result)

    def _check(self, results: object, values: Sequence[_Value]) -> None:
        """
        Raises:
            WrongAnswer: these are not as many results.
        """
        if not isinstance(results, list | tuple):
            raise WrongAnswer(
                f"{self._name} returned a {type(results).__qualname__}. A batched method returns a"
                " list of a result for each value."
            )
        if len(results) != len(values):
            raise WrongAnswer(
                f"{self._name} returned {len(results)} results for {len(values)} values. It returns"
                " one for each, in the same order; None or an exception where there is none."
            )


class WrongAnswer(Fatal):
    """A batched method did not answer a result for each value."""


def _begin(values: Sequence[_Value]) -> None:
    for one in values:
        one.stands.close()


def _tell(one: _Value, result: Any = None, error: BaseException | None = None) -> None:
    if not one.answer.done():
        trace = None if error is None else error.__traceback__
        one.answer.set_result(Answered(result, error, trace, Cost(one.usd, one.tokens)))


def _share(spent: Meter, values: Sequence[_Value]) -> None:
    """Each value bears the same; the first ones what does not divide."""
    tokens, more = divmod(spent.tokens, len(values))
    for number, one in enumerate(values):
        one.usd += spent.usd / len(values)
        one.tokens += tokens + (number < more)


def _may_be_one_values(error: BaseException) -> bool:
    """Whether fewer values might have passed. Not where nobody answers, or is asked too much: to
    ask once more for each half would make that worse."""
    if isinstance(error, WrongAnswer):
        return False
    if disposition(error).ruling not in (Ruling.RETRY, Ruling.FAIL):
        return False
    return not any(map(_is_an_outage, members(error)))


def _is_an_outage(error: BaseException) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        status = error.response.status_code
        return status in PASSING or status >= 500
    if isinstance(error, SluiceError):  # of a service
        return error.status in UNAVAILABLE
    return isinstance(error, OSError | TimeoutError | httpx2.TransportError)
