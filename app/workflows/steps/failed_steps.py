"""Steps that raised something by which they are not remembered: what cannot be remembered, a
``Fatal``, a ``RetryAfter``, a time limit of the author's own.

Mostly it ends the item's attempt. But its code may catch it and go on with other steps; those are
remembered, and the next delivery has to go the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from app.store.steps.steps import StepRecord
from app.workflows.contract.exceptions import StepFailed, disposition
from app.workflows.failures.error_text import class_of, sentence_of_all


class RaisedSteps:
    """Of one delivery of an item."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[tuple[asyncio.Task[object] | None, StepRecord]] = []

    @contextmanager
    def of(self, record: StepRecord) -> Iterator[None]:
        """What is raised within it and then caught by the item's code counts as the step's
        failure."""
        try:
            yield
        except StepFailed:  # which is remembered
            raise
        except BaseException as error:
            found = disposition(error)
            cut_off = isinstance(error, asyncio.CancelledError)
            record.error_class = class_of(found.error)
            record.error_message = "It was cut off." if cut_off else sentence_of_all(found)
            self._found.append((asyncio.current_task(), record))
            raise

    def caught(self, *, alone: bool) -> list[StepRecord]:
        """Those whose exception was caught, because the task in which it was raised asks for
        another step; or ``execute`` itself does, and the task is over. Told once."""
        task = asyncio.current_task()
        caught = [
            (raiser, record)
            for raiser, record in self._found
            if raiser is task or (alone and raiser is not None and raiser.done())
        ]
        self._found = [one for one in self._found if one not in caught]
        return [record for _, record in caught]
