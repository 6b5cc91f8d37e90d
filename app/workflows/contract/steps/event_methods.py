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
        """Wait for an event of this name whose data has ``value`` at the path ``match``. The item
        is ``suspended`` and costs nothing until then. An event that came before counts too. Each
        event is taken once: the next step of the item that waits for the same gets another event.

        Args:
            match: a path in the event's data, names with dots between: ``invoice.id``. The value
                there is text or a whole number.
            value: what must be there; None: the item's id.
            timeout: how long to wait; then the answer is None. None: for ever.
            since: events received before this do not count; None: before the run began, or for a
                retry, before the first run of the chain began.
            name: the step's name, unique within the item; None: the event's name.

        Raises:
            StepMisused: an argument makes no sense.
        """
        step = event if name is None else name
        return self._runner(step).wait_for(step, AskedEvent(event, match, value, since), timeout)
