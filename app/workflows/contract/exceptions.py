"""What a family's methods raise to say how an item goes on, and what any exception says of it."""

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

    An exception of a service whose ``terminal`` is true is treated likewise.
    """


class RetryAfter(Exception):
    """Raise it to be called again after ``delay``, without using up one of the attempts.

    An exception of a service that carries a ``retry_after: timedelta`` is treated likewise.

    Args:
        hold: whoever is called wants to be left alone: until then nothing starts under the item's
            flow key, on any worker; for an hour at most. A service's ``hold = True`` says the same.
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

    The run pauses at once with this text, and the item stays to be done. An exception of a service
    whose ``systemic`` is true is treated likewise.
    """

    systemic = True


class FamilyFailed(SluiceError):
    """A family's own code failed where it was called for no one item: to read a page, to ask what
    exists. ``raised`` says how it goes on."""

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
    """The family's ``ready`` raised: a run of it cannot be started, or begin, just now.

    Not 409, which a start answers beside an active run, and which callers take for harmless.
    """

    title = "Not ready"

    def __init__(self, detail: str, raised: BaseException) -> None:
        super().__init__(detail, raised)
        if disposition(raised).ruling is not Ruling.POSTPONE:
            self.status = 424


class StepFailed(Exception):
    """What a step's last try raised. The item's next attempt tries the step anew.

    ``error_class`` and ``error_message`` are those of what was raised: that itself is gone when the
    failure is remembered from an earlier delivery.
    """

    def __init__(self, step: str, error_class: str, error_message: str) -> None:
        super().__init__(f"Step {step!r}: {error_message}")
        self.step = step
        self.error_class = error_class
        self.error_message = error_message


class CallFailed(Exception):
    """An HTTP call that no try of it could bring to an answer that counts.

    ``again_in``: what the server asked for; None: as the backoff says.
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
    """A step that the code cannot mean: its name stands twice, or is no name."""


class StepsChanged(Fatal):
    """The item's code does not ask for the steps that the item remembers.

    Names are what steps are remembered by. Cancel the run and retry its items, or give the steps
    their former names back and retry.
    """


class Ruling(Enum):
    """How it goes on; the gravest first, which decides where a group holds several."""

    PAUSE = auto()  # the run: every other item would fail as well
    FAIL = auto()  # at once
    RETRY = auto()  # with backoff, while there are attempts
    POSTPONE = auto()  # without using up an attempt
    SKIP = auto()


@dataclass(frozen=True, slots=True)
class Disposition:
    """What an exception says. ``error``: what decided, a group's member or the exception itself.
    ``delay``: what was asked for in place of the backoff; None: nothing was. ``hold``: for so long
    nothing shall start under the flow key; None: for others it goes on."""

    ruling: Ruling
    error: BaseException
    delay: timedelta | None = None
    hold: timedelta | None = None
    others: int = 0
    """How many more the group held."""
    whole: BaseException | None = None
    """The group, or again the exception itself."""


def disposition(error: BaseException) -> Disposition:
    """Read an exception: the only place that does.

    A group is judged by what it holds, at any depth, as if each had been raised alone. Of several
    the gravest decides: anything systemic pauses the run; else anything fatal fails the item; else
    any other error is a failed attempt; else it is put off; and it is skipped only if all say so.
    Of several delays the longest counts, also beside an error. A cancellation counts only where the
    group holds nothing else: a ``TaskGroup`` cancels the others when one of its tasks fails.
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
    """What a group holds, and groups in it hold, in their order; of anything else, itself, without
    what was put around it."""
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
    """Whether an author raised it to say how it goes on."""
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
    """What somebody else's exception carries under a name of ours, which may be anything."""
    try:
        return getattr(error, name, None)
    except BaseException:  # noqa: BLE001 - a property that fails says nothing
        return None
