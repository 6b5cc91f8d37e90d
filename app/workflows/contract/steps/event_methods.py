"""The step that waits for an event, as an author sees it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable
from datetime import datetime, timedelta
from uuid import UUID

from app.workflows.contract.steps.matched_event import AskedEvent, MatchedEvent
from app.workflows.contract.steps.step_runner import StepRunner


class EventMethods:
    """See ``StepMethods``."""

    __slots__ = ()

    @abstractmethod
    def _runner(self, name: str) -> StepRunner: ...

    def wait_for(
        self,
        event: str,
        /,
        *,
        match: str,
        value: str | int | UUID | None = None,
        timeout: timedelta | None = None,
        since: datetime | None = None,
        name: str | None = None,
    ) -> Awaitable[MatchedEvent | None]:
        """Wait for an event of this name, whose data has ``value`` at ``match``. The item is
        ``suspended`` and costs nothing until then. One that came before is taken too, and each
        event once: the next step that waits for the same gets another.

        Args:
            match: where it stands, as names with dots between: ``invoice.id``. There it is text, or
                a whole number.
            value: None: the item's id.
            timeout: after which the answer is None.
            since: it was received then at the earliest; None: when the run began, and of a retry
                the first run.
            name: of the step, unique within the item; None: the event's.

        Raises:
            StepMisused: one of these cannot be meant.
        """
        step = event if name is None else name
        return self._runner(step).wait_for(step, AskedEvent(event, match, value, since), timeout)
