"""How a family says that a method of its takes the values of many items at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from app.errors import ConfigurationError
from app.flow.limits import OPEN, FlowControl

MOST_VALUES = 10_000
LONGEST_WAIT = timedelta(minutes=1)
_MARK = "__sluice_batched__"

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Batching:
    """How ``batched`` was called."""

    size: int
    within: timedelta
    flow: FlowControl


def batched(
    *,
    size: int = 100,
    within: timedelta = timedelta(milliseconds=50),
    flow: FlowControl = OPEN,
) -> Callable[[Method], Method]:
    """``ctx.batched("embed", text)`` of many items of a run calls the decorated method once::

        @batched(size=100, within=timedelta(milliseconds=50), flow=FlowControl(rate=5))
        async def embed(self, texts: list[str], params: Params, ctx: Context) -> list[Vector]: ...

    It answers a list of as many results, in the same order. An exception in the place of one of
    them is that item's alone.

    Args:
        size: values of one call at the most.
        within: how long the first of them waits for others.
        flow: of the calls, under the flow key ``{family}.{method}``; items keep theirs.

    Raises:
        ConfigurationError: a value that makes no sense.
    """
    told: tuple[object, object, object] = (size, within, flow)  # whatever was written
    number, wait, control = told
    if type(number) is not int or not 1 <= number <= MOST_VALUES:
        raise ConfigurationError(f"@batched takes a size of 1 to {MOST_VALUES:,}, not {number!r}.")
    if not isinstance(wait, timedelta) or not timedelta(0) <= wait <= LONGEST_WAIT:
        raise ConfigurationError(
            "@batched takes within= of at most a minute, such as timedelta(milliseconds=50), not"
            f" {wait!r}."
        )
    if not isinstance(control, FlowControl):
        raise ConfigurationError(
            f"@batched takes a flow that is a FlowControl(…), not {control!r}."
        )

    def marked(method: Method) -> Method:
        setattr(method, _MARK, Batching(size, within, flow))
        return method

    return marked


def batched_methods(kind: type) -> Mapping[str, Batching]:
    """Those of a family's class, by name."""
    return {
        name: how
        for name, method in inspect.getmembers(kind, callable)
        if isinstance(how := getattr(method, _MARK, None), Batching)
    }


def check_batched(kind: type, *, taken: Container[str]) -> None:
    """
    Args:
        taken: names that mean something else.

    Raises:
        ConfigurationError: a batched method cannot be called as one.
    """
    for name in batched_methods(kind):
        if name in taken or name in ("process", "paginate"):
            raise ConfigurationError(
                f"{name}() cannot be @batched: the name has a meaning of its own."
            )
        try:
            inspect.signature(getattr(kind, name)).bind("self", [], "params", "ctx")
        except TypeError:
            raise ConfigurationError(
                f"{name}() is @batched, so it takes the values, the params and ctx: def"
                f" {name}(self, values, params, ctx)."
            ) from None
