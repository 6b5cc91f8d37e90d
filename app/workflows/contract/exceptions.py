"""What a family's methods raise to say how an item goes on, and how other exceptions are read."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from app.errors import SluiceError


class Skip(Exception):
    """Raise it when there is nothing to do for this item: its outcome is ``skipped``."""


class Fatal(Exception):
    """Raise it when another attempt cannot help: the item fails at once.

    A service's exception with ``terminal = True`` does the same.
    """


class RetryAfter(Exception):
    """Raise it to be called again after ``delay``, without using up one of the attempts.

    A service's exception with a ``retry_after: timedelta`` does the same.

    Args:
        delay: how long to wait at least.
        hold: the other side asks everybody to wait: until then nothing starts under the item's
            flow key, on any worker, for an hour at most. A service's exception says it with
            ``hold = True``.
    """

    def __init__(
        self, delay: timedelta, reason: str = "asked to come later", *, hold: bool = False
    ) -> None:
        if not isinstance(delay, timedelta):
            raise TypeError(
                "RetryAfter takes a timedelta, such as timedelta(seconds=30), and not"
                f" {type(delay).__name__}."
            )
        super().__init__(reason)
        self.retry_after = delay
        self.hold = hold


class Systemic(Exception):
    """Raise it when every other item would fail as well, for example because a key is refused.

    The run pauses at once with this text, and the item stays pending. A service's exception with
    ``systemic = True`` does the same.
    """

    systemic = True


class FamilyFailed(SluiceError):
    """A family's own code failed in a call that is not for one item, such as ``page`` or
    ``existing``. ``raised`` decides how the run goes on."""

    title = "The family's code failed"

    def __init__(self, detail: str, raised: BaseException) -> None:
        super().__init__(detail)
        self.raised = raised
        self.status = 503 if disposition(raised).ruling is Ruling.POSTPONE else 502


class StatementRefused(FamilyFailed, Fatal):
    """Postgres refuses a statement of the family's, and would refuse it again."""

    def __init__(self, detail: str, raised: BaseException) -> None:
        super().__init__(detail, raised)
        self.status = 422


class NotReady(FamilyFailed):
    """The family's ``ready`` raised: a run of it cannot start just now.

    The status is not 409: that is the answer beside an active run, which callers may ignore.
    """

    title = "Not ready"

    def __init__(self, detail: str, raised: BaseException) -> None:
        super().__init__(detail, raised)
        if disposition(raised).ruling is not Ruling.POSTPONE:
            self.status = 424


class StepFailed(Exception):
    """What a step's last try raised. The item's next attempt tries the step anew.

    ``error_class`` and ``error_message`` describe the original error, which itself is gone where
    the failure is remembered from an earlier delivery.
    """

    def __init__(self, step: str, error_class: str, error_message: str) -> None:
        super().__init__(f"Step {step!r}: {error_message}")
        self.step = step
        self.error_class = error_class
        self.error_message = error_message


class CallFailed(Exception):
    """A try at an HTTP call got no answer that may be remembered.

    ``again_in``: the delay that the server asked for; None: the backoff decides.
    """

    def __init__(self, message: str, again_in: timedelta | None = None) -> None:
        super().__init__(message)
        self.again_in = again_in


class ChildFailed(Fatal):
    """The item of the other family ended as ``outcome``, which is not a success."""

    def __init__(self, step: str, outcome: str, message: str | None) -> None:
        super().__init__(f"Step {step!r}: the child is {outcome}. {message or ''}".strip())
        self.outcome = outcome


class StepMisused(Fatal):
    """A step is used in a way that cannot work: its name is used twice, for example."""


class StepsChanged(Fatal):
    """The item's code no longer asks for the steps that the item remembers.

    Steps are remembered by name. Cancel the run and retry its items, or give the steps their former
    names back and retry.
    """


class Ruling(Enum):
    """How an item, or its run, goes on after an exception. The gravest comes first: of the
    exceptions in a group, the gravest decides."""

    PAUSE = auto()  # the run: every other item would fail as well
    FAIL = auto()  # at once
    RETRY = auto()  # with backoff, while there are attempts
    POSTPONE = auto()  # without using up an attempt
    SKIP = auto()


@dataclass(frozen=True, slots=True)
class Disposition:
    """How an exception was read. ``error``: the one that decided: the exception itself, or a member
    of the group. ``delay``: asked for in place of the backoff, if any. ``hold``: how long nothing
    may start under the flow key, if that was asked for."""

    ruling: Ruling
    error: BaseException
    delay: timedelta | None = None
    hold: timedelta | None = None
    others: int = 0
    """How many other exceptions the group held."""
    whole: BaseException | None = None
    """The exception as it was raised: the group, or the same as ``error``."""


def disposition(error: BaseException) -> Disposition:
    """How an exception is to be treated. No other code decides that.

    A group is judged by its members, at any depth, as if each had been raised alone, and the
    gravest decides: anything systemic pauses the run; else anything fatal fails the item; else any
    other error is a failed attempt; else the item comes later; and it is skipped only if all say
    so. The longest delay counts, even beside an error. A cancellation counts only where the group
    holds nothing else, because a ``TaskGroup`` cancels its other tasks when one fails.
    """
    found = list(members(error))
    told = [one for one in found if not isinstance(one, CancelledError)] or found
    rulings = [(_ruling(one), one) for one in told]
    ruling, decided = min(rulings, key=lambda each: each[0].value)
    delays = [(delay, one) for one in told if (delay := _delay(one)) is not None]
    delay = max((delay for delay, _ in delays), default=None)
    hold = max((delay for delay, one in delays if marked(one, "hold") is True), default=None)
    return Disposition(ruling, decided, delay, hold, len(told) - 1, error)


def members(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group and in the groups within it, in order; or the exception itself.
    ``FamilyFailed`` is replaced by the error that it wraps."""
    left = [error]
    while left:
        one = left.pop()
        if isinstance(one, BaseExceptionGroup):
            left.extend(reversed(one.exceptions))
        elif isinstance(one, FamilyFailed) and not isinstance(one, StatementRefused):
            left.append(one.raised)
        else:
            yield one


def is_of_the_contract(error: BaseException) -> bool:
    """Whether it is one of the exceptions that an author raises on purpose."""
    return type(error) in (Skip, Fatal, RetryAfter, Systemic)


def _ruling(error: BaseException) -> Ruling:
    if isinstance(error, Skip):
        return Ruling.SKIP
    if marked(error, "systemic") is True:
        return Ruling.PAUSE
    if _postponed(error) is not None:
        return Ruling.POSTPONE
    if isinstance(error, Fatal) or marked(error, "terminal") is True:
        return Ruling.FAIL
    return Ruling.RETRY


def _postponed(error: BaseException) -> timedelta | None:
    asked = marked(error, "retry_after")
    return asked if isinstance(asked, timedelta) else None


def _delay(error: BaseException) -> timedelta | None:
    return error.again_in if isinstance(error, CallFailed) else _postponed(error)


def marked(error: BaseException, name: str) -> object:
    """The attribute of somebody else's exception, of any type; None if there is none."""
    try:
        return getattr(error, name, None)
    except BaseException:  # noqa: BLE001 - a property that fails says nothing
        return None
