"""A step that an item's code asks for, and what it may be called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.store.steps.steps import StepRecord
from app.workflows.contract.exceptions import StepMisused
from app.workflows.steps.journal import JournalEntry

LONGEST_NAME = 100


@dataclass(slots=True)
class StepCall:
    """A step that the item's code asks for. ``known``: what is remembered of it."""

    record: StepRecord
    known: JournalEntry | None

    @property
    def done(self) -> bool:
        return self.known is not None and self.known.done

    @property
    def result(self) -> str | None:
        return None if self.known is None else self.known.step.result

    def left(self, otherwise: timedelta | None) -> timedelta | None:
        """How long it has still to wait."""
        return otherwise if self.known is None else self.known.left


def listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    return f"the step{'s' if len(names) > 1 else ''} {shown}{', …' if len(names) > 5 else ''}"


def check_name(name: object) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise StepMisused(
            f"A step's name has 1 to {LONGEST_NAME} printable characters; {name!r} does not."
        )
