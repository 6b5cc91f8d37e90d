"""What an exception says of the item that raised it, alone or in a group."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.workflows.contract.exceptions import (
    CallFailed,
    Fatal,
    RetryAfter,
    Ruling,
    Skip,
    Systemic,
    disposition,
)
from app.workflows.failures.error_text import class_of, sentence_of, sentence_of_all

SECOND = timedelta(seconds=1)


class Refused(Exception):
    """A service's own, whose account is locked."""

    systemic = True


class Unknown(Exception):
    terminal = True


class Limited(Exception):
    retry_after = 3 * SECOND


class LimitedForAll(Exception):
    retry_after = 5 * SECOND
    hold = True


class Odd(Exception):
    retry_after = 17  # not ours: no unit is said
    terminal = "perhaps"

    @property
    def systemic(self) -> bool:
        raise RuntimeError("who knows")


@pytest.mark.parametrize(
    ("error", "ruling"),
    [
        (Skip("gone"), Ruling.SKIP),
        (Fatal("no"), Ruling.FAIL),
        (Unknown(), Ruling.FAIL),
        (RetryAfter(SECOND), Ruling.POSTPONE),
        (Limited(), Ruling.POSTPONE),
        (Systemic("key"), Ruling.PAUSE),
        (Refused(), Ruling.PAUSE),
        (ValueError("x"), Ruling.RETRY),
        (Odd(), Ruling.RETRY),
        (asyncio.CancelledError(), Ruling.RETRY),
        (SystemExit(3), Ruling.RETRY),
        (KeyboardInterrupt(), Ruling.RETRY),
        (GeneratorExit(), Ruling.RETRY),
    ],
)
def test_an_exception_says_the_same_alone_and_as_a_groups_only_member(
    error: BaseException, ruling: Ruling
) -> None:
    for raised in (error, BaseExceptionGroup("a", [BaseExceptionGroup("b", [error])])):
        found = disposition(raised)
        assert (found.ruling, found.error, found.others) == (ruling, error, 0)


@pytest.mark.parametrize(
    ("errors", "ruling", "decides"),
    [
        ((Skip("a"), Skip("b")), Ruling.SKIP, 0),
        ((Skip("a"), RetryAfter(SECOND)), Ruling.POSTPONE, 1),
        ((Skip("a"), ValueError()), Ruling.RETRY, 1),
        ((RetryAfter(SECOND), ValueError(), SystemExit(1)), Ruling.RETRY, 1),
        ((ValueError(), Fatal("no"), RetryAfter(SECOND)), Ruling.FAIL, 1),
        ((Fatal("no"), ValueError(), Refused()), Ruling.PAUSE, 2),
    ],
)
def test_of_several_in_a_group_the_gravest_decides(
    errors: tuple[BaseException, ...], ruling: Ruling, decides: int
) -> None:
    inner = BaseExceptionGroup("inner", list(errors[1:]))
    for group in (BaseExceptionGroup("flat", errors), BaseExceptionGroup("g", [errors[0], inner])):
        found = disposition(group)
        assert (found.ruling, found.error) == (ruling, errors[decides])
        assert found.others == len(errors) - 1


def test_of_several_delays_the_longest_counts_also_beside_an_error() -> None:
    both = [RetryAfter(SECOND), Limited()]
    assert disposition(ExceptionGroup("", both)).delay == 3 * SECOND
    assert disposition(ExceptionGroup("", [*both, ValueError()])).delay == 3 * SECOND
    assert disposition(CallFailed("503", again_in=SECOND)).delay == SECOND
    assert disposition(ValueError()).delay is None


def test_a_cancellation_counts_only_where_a_group_holds_nothing_else() -> None:
    cancelled = asyncio.CancelledError()
    skipped = disposition(BaseExceptionGroup("", [cancelled, Skip("a")]))
    assert (skipped.ruling, skipped.others) == (Ruling.SKIP, 0)
    assert disposition(BaseExceptionGroup("", [cancelled])).ruling is Ruling.RETRY


def test_a_group_is_told_by_what_decided_and_how_many_more_there_were() -> None:
    alone = disposition(ExceptionGroup("unhandled errors in a TaskGroup", [ValueError("bad")]))
    assert (class_of(alone.error), sentence_of_all(alone)) == ("ValueError", "bad")
    several = disposition(ExceptionGroup("", [ValueError("bad"), Fatal("no"), KeyError("k")]))
    assert sentence_of_all(several) == "no (and 2 more errors, in the traceback)"


def test_what_says_nothing_of_itself_is_given_a_sentence() -> None:
    assert sentence_of(asyncio.CancelledError()) == (
        "Something that the code awaited was cancelled elsewhere."
    )
    assert sentence_of(SystemExit("no disk")) == (
        "The code asked the process to exit: sys.exit('no disk')."
    )
    assert sentence_of(KeyboardInterrupt()) == "The code raised KeyboardInterrupt."


@pytest.mark.parametrize(
    ("error", "hold"),
    [
        (RetryAfter(SECOND, hold=True), SECOND),
        (RetryAfter(SECOND), None),
        (LimitedForAll(), 5 * SECOND),
        (Limited(), None),
        # What means this item alone may be longer.
        (ExceptionGroup("", [RetryAfter(9 * SECOND), LimitedForAll()]), 5 * SECOND),
        (ExceptionGroup("", [RetryAfter(9 * SECOND, hold=True), LimitedForAll()]), 9 * SECOND),
        (ExceptionGroup("", [ValueError("x"), LimitedForAll()]), 5 * SECOND),
        (Odd(), None),
    ],
)
def test_who_says_when_to_come_again_may_mean_all(
    error: BaseException, hold: timedelta | None
) -> None:
    assert disposition(error).hold == hold
