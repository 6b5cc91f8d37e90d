"""What a delivery of an item has come to, as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.config.priorities import ORDINARY
from app.engine import OutgoingMessage
from app.store.items.outcomes import ItemOutcome
from app.store.items.result_memory import RememberedPlace
from app.store.statuses import ItemStatus, StepStatus
from app.store.steps.steps import ItemId
from app.store.steps.suspension import WokenItem
from app.store.storable import cut
from app.workflows.attempts.attempt_result import unix_us
from app.workflows.messages import ExecuteMessage, of_woken
from app.workflows.steps.suspension import PendingWait

LONGEST_MESSAGE = 2_000
FINE = (ItemStatus.SUCCEEDED, ItemStatus.SKIPPED, ItemStatus.SUSPENDED)


@dataclass(slots=True)
class DeliveryResult:
    """How a delivery of an item ended. Made for every item, and so not frozen.

    ``systemic``: the run must pause, and the item waits for its resume. ``waits``: what a suspended
    item waits for. ``memory``: where its family remembers a success; None: it remembers none.
    ``leaves``: the partition in which another item may begin now; empty: none. ``priority``: of its
    run. ``parent``: the item whose step waits for it; None: it is nobody's child.
    """

    family: str
    record: ItemOutcome
    systemic: bool = False
    waits: Sequence[PendingWait] = ()
    memory: RememberedPlace | None = None
    leaves: str = ""
    priority: int = ORDINARY
    parent: ItemId | None = None

    @property
    def may_be_followed(self) -> bool:
        """Whether the next item may begin while this one is being written: not if the run may be
        paused because of it."""
        record = self.record
        fine = record.status in FINE
        return fine and not (record.spent_usd or record.spent_tokens)

    @property
    def asks(self) -> bool:
        """Whether the item begins to wait for a person."""
        waits = (wait.record.status for wait in self.waits if wait.fresh)
        return StepStatus.SUSPENDED in waits

    @property
    def place(self) -> tuple[str, str]:
        return (self.record.run_id, self.record.item_id)

    def message(self) -> OutgoingMessage | None:
        """The message with which the item comes again; None: none does by itself."""
        record = self.record
        if record.due_in is None or self.systemic:
            return None
        message = ExecuteMessage(run=record.run_id, items=(record.item_id,))
        return message.outgoing(self.family, self.priority, record.due_in)


def messages_of(
    endings: Sequence[DeliveryResult], woken: Sequence[WokenItem]
) -> list[OutgoingMessage]:
    """The messages with which these items come again, and those of items that are woken now, before
    their time."""
    now = {one.place for one in woken}
    later = (ending.message() for ending in endings if ending.place not in now)
    return [*of_woken(woken), *(message for message in later if message is not None)]


def unwritable(ending: DeliveryResult, said: str) -> DeliveryResult:
    """The failure of an item of which something cannot be written: it would fail the same way
    again."""
    what = f"The item's outcome, {ending.record.status}, cannot be written."
    record = replace(
        ending.record,
        status=ItemStatus.FAILED,
        executed=False,
        result=None,
        error_class="Unwritable",
        error_message=cut(f"{what} Postgres says: {said}", LONGEST_MESSAGE),
        error_traceback=None,
        error_group="The item's outcome cannot be written.",
        finished_us=unix_us(),
        due_in=None,
    )
    return _instead(ending, record)


def cancelled(ending: DeliveryResult) -> DeliveryResult:
    record = replace(
        ending.record, status=ItemStatus.CANCELLED, finished_us=ending.record.started_us
    )
    return _instead(ending, record)


def _instead(ending: DeliveryResult, record: ItemOutcome) -> DeliveryResult:
    return DeliveryResult(
        ending.family,
        record,
        leaves=ending.leaves,
        priority=ending.priority,
        parent=ending.parent,
    )
