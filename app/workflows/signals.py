"""What a family's methods raise to say how an item goes on."""

from __future__ import annotations

from datetime import timedelta


class Skip(Exception):
    """Raise it when there is nothing to do for this item: its outcome is ``skipped``."""


class Fatal(Exception):
    """Raise it when another attempt cannot help: the item fails at once.

    An exception of a service whose ``terminal`` is true is treated likewise.
    """


def is_terminal(error: BaseException) -> bool:
    """Whether no other attempt can help: ``Fatal``, or an exception of a service that says so by
    ``terminal = True``."""
    return isinstance(error, Fatal) or getattr(error, "terminal", False) is True


class RetryAfter(Exception):
    """Raise it to be called again after ``delay``, without using up one of the attempts.

    An exception of a service that carries a ``retry_after: timedelta`` is treated likewise.
    """

    def __init__(self, delay: timedelta, reason: str = "asked to come later") -> None:
        super().__init__(reason)
        self.retry_after = delay


class Systemic(Exception):
    """Raise it when every other item would fail as well, for example because a key is refused.

    The run pauses at once with this text, and the item stays to be done. An exception of a service
    whose ``systemic`` is true is treated likewise.
    """

    systemic = True


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
    """An HTTP call that no try of it could bring to an answer that counts."""


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
