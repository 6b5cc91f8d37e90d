"""Calling a family's own code where it is called for no one item: what it raises becomes one
expected error with its sentence, whatever its class.

Within it, and within an attempt at an item, a task of the code's own that asks the process to exit
fails like another: asyncio would end the loop, and the worker with all that it has in hand.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any

from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisTimeout
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import SluiceError
from app.workflows.contract.exceptions import (
    FamilyFailed,
    Ruling,
    StatementRefused,
    disposition,
    members,
)
from app.workflows.failures.error_text import class_of, sentence_of, sentence_of_all
from app.workflows.failures.interruption import Interruption
from app.workflows.failures.refused_statement import refused_statement
from app.workflows.registry.threads import ThreadLine
from app.workflows.registry.typed_ids import Async

AT_WORK: ContextVar[bool] = ContextVar("sluice_authors_code", default=False)
"""Whether the current task runs a family's code, or was begun by it."""


@contextmanager
def told(family: str, what: str) -> Iterator[None]:
    """
    Args:
        what: is called, such as ``existing()``.

    Raises:
        StatementRefused: it asked Postgres for what that refuses, and another try cannot help.
        FamilyFailed: the code within raised something else, which is its ``raised``.
        SluiceError: as the code within raised it: it has its sentence already.
    """
    interruption = Interruption()
    AT_WORK.set(True)  # and it stays so: what this task begins later is only guarded in vain
    try:
        yield
    except BaseException as error:
        if _has_its_sentence(error) or interruption.asked(error):
            raise
        found = disposition(error)
        if found.ruling is Ruling.RETRY:
            for one in members(error):
                if refused := refused_statement(one):
                    raise StatementRefused(
                        f"Postgres refuses a statement of {what} of {family}: {refused}", error
                    ) from error
        sentence = f"{class_of(found.error)}: {sentence_of_all(found)}"
        raise FamilyFailed(f"{what} of {family} raised {sentence}", error) from error


def _has_its_sentence(error: BaseException) -> bool:
    """An expected error, or Postgres or Redis is away, which the API tells by itself."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    return isinstance(error, (SluiceError, PoolTimeout, RedisAway, RedisTimeout))


class Exited(Exception):
    """A task of the code's own asked the process to exit."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(sentence_of(error))
        self.error_class = class_of(error)


def guard_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """From now on tasks that a family's code begins cannot end ``loop``. Safe to repeat."""
    former = loop.get_task_factory()
    if former is _make_task:
        return
    if former is not None:
        raise RuntimeError("The event loop makes its tasks in another way already.")
    loop.set_task_factory(_make_task)


def _make_task(
    loop: asyncio.AbstractEventLoop,
    code: Coroutine[Any, Any, Any] | Generator[Any, None, Any],  # of any code's
    **more: Any,  # as asyncio.Task takes them
) -> asyncio.Task[Any]:
    context: Context | None = more.get("context")
    begun_by_it = AT_WORK.get() if context is None else context.get(AT_WORK, False)
    if begun_by_it and asyncio.iscoroutine(code):
        code = _Guarded(code)
    return asyncio.Task(code, loop=loop, **more)


class _Guarded(Coroutine[Any, Any, Any]):
    """A coroutine that goes through another. No ``async def``: one that is cancelled before it
    begins would leave the other as never awaited."""

    __slots__ = ("_code",)

    def __init__(self, code: Coroutine[Any, Any, Any]) -> None:
        self._code = code

    def send(self, value: Any) -> Any:
        try:
            return self._code.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            raise Exited(error) from error

    def throw(self, *error: Any) -> Any:
        try:
            return self._code.throw(*error)
        except (SystemExit, KeyboardInterrupt) as exits:
            raise Exited(exits) from exits

    def close(self) -> None:
        self._code.close()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._code.__await__()


def directly(method: Callable[..., Any]) -> Async:
    """Called where it stands: it blocks nobody."""

    async def directly(*args: object) -> object:
        return method(*args)

    return directly


def awaitable(method: Callable[..., Any], line: ThreadLine) -> Async:
    """A plain ``def`` runs in a thread."""
    if inspect.iscoroutinefunction(method):
        return method

    async def in_thread(*args: object) -> object:
        result: object = await line.call(_called, method, *args)
        return await result if inspect.isawaitable(result) else result

    return in_thread


def _called(method: Callable[..., object], *args: object) -> object:
    try:
        return method(*args)
    except StopIteration as error:
        # A future refuses it, and whoever awaits the future would wait for ever. As in a coroutine:
        raise RuntimeError(f"{_name(method)} raised StopIteration") from error


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
