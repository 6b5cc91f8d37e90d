"""What a step's function declares to be given and to return, held against what it is and does."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from app.workflows.contract.context import Context
from app.workflows.contract.exceptions import StepMisused
from app.workflows.serialization.annotations import Check, check_of
from app.workflows.serialization.scalars import Unreadable

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class _Declared:
    shown: str
    fits: Check


@dataclass(frozen=True, slots=True)
class StepContract:
    """Types that cannot be told by looking at a value, such as a protocol or a type variable, hold
    for any. So do those that a function leaves out."""

    function: str = ""
    arguments: tuple[_Declared | None, ...] = ()
    """Of those that are given by their place."""
    result: _Declared | None = None

    def check_arguments(self, step: str, given: Sequence[object]) -> None:
        """
        Raises:
            StepMisused: one is of another type.
        """
        for number, (declared, value) in enumerate(
            zip(self.arguments, given, strict=False), start=1
        ):
            if declared is not None and not declared.fits(value):
                raise StepMisused(
                    f"Argument {number} of step {step!r} is a {_type(value)}, and {self.function}"
                    f" declares {declared.shown}."
                )

    def checked(
        self, step: str, once: Callable[[], Awaitable[object]]
    ) -> Callable[[], Awaitable[object]]:
        """What raises ``StepMisused`` where the result is of another type."""
        if self.result is None:
            return once

        async def call() -> object:
            result = await once()
            self.check_result(step, result)
            return result

        return call

    def check_result(self, step: str, result: object) -> None:
        """
        Raises:
            StepMisused: it is of another type.
        """
        if self.result is not None and not self.result.fits(result):
            raise StepMisused(
                f"Step {step!r} returned a {_type(result)}, and {self.function} declares"
                f" {self.result.shown}."
            )

    def check_remembered(self, step: str, result: object) -> None:
        """
        Raises:
            Unreadable: the function has come to declare another type.
        """
        if self.result is not None and not self.result.fits(result):
            raise Unreadable(
                f"Step {step!r} remembers a {_type(result)}, and {self.function} declares"
                f" {self.result.shown} now. Give it back its type, or have the item begin anew:"
                " sluice retry --fresh."
            )


ANYTHING = StepContract()


def contract_of(function: Callable[..., object]) -> StepContract:
    try:
        hints = get_type_hints(function)
        parameters = inspect.signature(function).parameters.values()
    except (NameError, TypeError, ValueError):  # names that only a type checker sees; no signature
        return ANYTHING
    name = getattr(function, "__qualname__", type(function).__name__).rpartition("<locals>.")[2]
    return StepContract(
        name,
        tuple(_declared(hints, each.name) for each in parameters if each.kind in _POSITIONAL),
        None if inspect.isgeneratorfunction(function) else _declared(hints, "return"),
    )


def _declared(hints: Mapping[str, Any], name: str) -> _Declared | None:
    annotation = hints.get(name)
    if name not in hints or annotation is Context or (fits := check_of(annotation)) is None:
        return None
    return _Declared(inspect.formatannotation(annotation), fits)


def _type(value: object) -> str:
    return type(value).__qualname__
