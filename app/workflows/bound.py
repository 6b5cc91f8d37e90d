"""A family made ready to be called: each method awaitable, params and results to and from JSON."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from pydantic import BaseModel

from app.workflows.family import AnyFamily, Context, JobFamily, overridden
from app.workflows.family_values import hints_of, result_type, values_of
from app.workflows.keys import Layer, flow_key
from app.workflows.params import Params
from app.workflows.results import Results
from app.workflows.secret_box import SecretBox
from app.workflows.values import LARGEST, Values

Async = Callable[..., Awaitable[Any]]  # of the family's own types


@dataclass(frozen=True, slots=True)
class BoundFamily:
    family: AnyFamily
    pages: Async | None
    """``page`` of a family whose source is not SQL."""
    count: Async
    existing: Callable[[Sequence[str], BaseModel, Context], Awaitable[Collection[str]]]
    load: Async
    execute: Async
    save: Async
    stored: Async | None
    """None: the family does not tell what is stored."""
    params: Params
    results: Results
    values: Values
    """What its steps may be given, and return."""
    threads: ThreadPoolExecutor
    shown: set[CodeType] = field(default_factory=set)
    """Code of step functions whose classes ``values`` knows: reading annotations takes a while."""

    def used_by(self, function: Callable[..., object]) -> None:
        """Make known the classes that a step's function is given, and returns."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None and code not in self.shown:
            self.shown.add(code)
            self.values.use(*hints_of(function))

    def awaitable(self, function: Callable[..., object]) -> Async:
        """A plain ``def`` runs in a thread."""
        return _awaitable(function, None, self.threads)

    @property
    def name(self) -> str:
        return self.family.name

    @property
    def filters(self) -> bool:
        """Whether ``existing`` was written at all."""
        return bool(overridden(self.family, ("existing",)))

    def flow_key(self, layer: Layer) -> str:
        return flow_key(self.name, layer)


def bind(
    family: AnyFamily,
    threads: ThreadPoolExecutor,
    box: SecretBox | None = None,
    *,
    largest: int = LARGEST,
) -> BoundFamily:
    """
    Args:
        box: of the service; None: secrets in params can be read by this process alone.
        largest: bytes of a result, or of what a step is given and returns.
    """

    def ready(name: str) -> Async:
        return _awaitable(getattr(family, name), getattr(JobFamily, name), threads)

    values = values_of(family, largest)
    return BoundFamily(
        family=family,
        pages=ready("page") if overridden(family, ("page",)) else None,
        count=ready("count"),
        existing=ready("existing"),
        load=ready("load"),
        execute=ready("execute"),
        save=ready("save"),
        stored=ready("stored") if overridden(family, ("stored",)) else None,
        params=Params(family.params, values, box or SecretBox.fresh()),
        results=Results(result_type(type(family)), values),
        values=values,
        threads=threads,
    )


def _awaitable(method: Callable[..., Any], default: object, threads: ThreadPoolExecutor) -> Async:
    if inspect.iscoroutinefunction(method):
        return method
    if (
        default is not None and getattr(method, "__func__", None) is default
    ):  # the contract's own defaults block nobody

        async def directly(*args: object) -> object:
            return method(*args)

        return directly

    async def in_thread(*args: object) -> object:
        call = contextvars.copy_context().run
        loop = asyncio.get_running_loop()
        result: object = await loop.run_in_executor(threads, call, _called, method, *args)
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
