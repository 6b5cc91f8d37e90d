"""Waiting while something outside is not well: what a family says under ``throttle``."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from app.errors import ConfigurationError
from app.workflows.contract.context import Context

Check = Callable[[Context], Awaitable[str | None] | str | None]
"""It returns None if all is well, or a sentence that says what is not."""

LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Throttle:
    """Nothing new starts while ``check`` says no; what is at work goes on.

    ``check(ctx)`` is ``async def`` or plain ``def``, and is called for no particular run or item.
    It returns None while all is well, else a sentence that says what is not. It has 10 seconds: to
    raise, or to take longer, counts as a no.

    ``backoff``: how long after a no it is asked again. ``every``: how long after a yes, while the
    family has an active run.

    Raises:
        ConfigurationError: a value that makes no sense.
    """

    check: Check
    backoff: timedelta = timedelta(seconds=30)
    every: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        check: object = self.check  # whatever an author has written
        if not (callable(check) and _takes_one(check)):
            raise ConfigurationError(
                f"A throttle's check is a function that takes a ctx; {self.name!r} is not."
                " Write: async def replicas_keep_up(ctx: Context) -> str | None"
            )
        times: dict[str, object] = {"backoff": self.backoff, "every": self.every}
        for name, value in times.items():
            if not (isinstance(value, timedelta) and timedelta(0) < value <= LONGEST):
                raise ConfigurationError(
                    f"A throttle's {name} is a timedelta above 0 and of at most a day, such as"
                    f" timedelta(seconds=30), not {value!r}."
                )

    @property
    def name(self) -> str:
        """The check's name, for the log."""
        return getattr(self.check, "__qualname__", None) or type(self.check).__name__


def _takes_one(check: Callable[..., object]) -> bool:
    try:
        inspect.signature(check).bind(object())
    except (TypeError, ValueError):
        return False
    return True


def check_throttles(what: str, throttles: object) -> None:
    """
    Raises:
        ConfigurationError: a family's ``throttle`` is no list of them.
    """
    if not (
        isinstance(throttles, list | tuple) and all(isinstance(t, Throttle) for t in throttles)
    ):
        raise ConfigurationError(
            f"{what} needs a throttle that is a list of Throttle(…), such as throttle ="
            " [Throttle(check)]."
        )
