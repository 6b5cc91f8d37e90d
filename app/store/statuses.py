"""The lifecycle of a run and of an item, each as one table."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.errors import InvalidTransition


class RunStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunStage(StrEnum):
    """What part of its work a run is at."""

    WAITING = "waiting"  # another run of the family comes first
    CANARY = "canary"  # a few items, before the rest
    FULL = "full"
    FINISHING = "finishing"  # every item has ended, and the family's finish is at work


class PauseReason(StrEnum):
    """The word on the row of a paused run; the sentence stands beside it."""

    OPERATOR = "operator"
    FAILURE_RATE = "failure_rate"  # more items failed than the run allows
    APPROVAL = "approval"  # it has counted, and somebody with the right must say yes
    SYSTEMIC = "systemic"  # an item said that all others would fail as well
    CANARY = "canary"  # the first few are done, and somebody should look
    BUDGET = "budget"  # what it may spend is spent
    DEADLINE = "deadline"  # it took longer than it may
    PARAMS_CHANGED = "params_changed"  # its family takes its params no more
    ENTITY_CHANGED = "entity_changed"  # its family takes its caller's entity no more


RETRYING: Final = "retrying"
"""The word on the row of a pending or running run, of which a layer has failed and comes again."""

FINISH_FAILED: Final = "finish_failed"
"""The word on the row of a run that has ended, and whose finish did not succeed."""

FAMILY_GONE: Final = "family_gone"
"""The word on the row of a run that does not go on, because no process knows its family."""


class ItemStatus(StrEnum):
    PENDING = "pending"
    SUSPENDED = "suspended"  # waits for what its steps wait for, and costs nothing
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


class StepKind(StrEnum):
    """What a step is."""

    RUN = "run"
    CALL = "call"  # of HTTP
    SLEEP = "sleep"
    SUSPEND = "suspend"
    EVENT = "event"  # that others send
    CHILD = "child"  # an item of another family
    START = "start"  # of another family's run, which it does not wait for
    DEFERRED = "deferred"  # a request of a provider's batch


class StepStatus(StrEnum):
    DONE = "done"
    FAILED = "failed"  # its last try; the item's next attempt tries it anew
    WAITING = "waiting"  # for its time, its next try, an event, a child, or a provider's batch
    SUSPENDED = "suspended"  # for a person


RUN_TRANSITIONS: Final = MappingProxyType(
    {
        RunStatus.PENDING: frozenset(
            {
                RunStatus.RUNNING,  # layer 1 has counted, and there is work
                RunStatus.PAUSED,  # an operator, before layer 1 came to it
                RunStatus.CANCELLING,  # likewise
                RunStatus.SUCCEEDED,  # nothing eligible, or everything already processed
                RunStatus.FAILED,  # layer 1 gave up, or its family is not ready
            }
        ),
        RunStatus.RUNNING: frozenset(
            {
                RunStatus.PAUSED,  # an operator, or an automatic decision
                RunStatus.CANCELLING,  # an operator
                RunStatus.SUCCEEDED,  # every item ended, none of them failed
                RunStatus.PARTIAL,  # every item ended, some of them failed
                RunStatus.FAILED,  # every item failed, or layer 2 gave up
            }
        ),
        RunStatus.PAUSED: frozenset(
            {
                RunStatus.PENDING,  # resumed before layer 1 came to it
                RunStatus.RUNNING,  # resumed
                RunStatus.CANCELLING,  # an operator
            }
        ),
        RunStatus.CANCELLING: frozenset(
            {
                RunStatus.CANCELLED,  # what was in hand has ended
            }
        ),
        RunStatus.SUCCEEDED: frozenset[RunStatus](),
        RunStatus.PARTIAL: frozenset[RunStatus](),
        RunStatus.FAILED: frozenset[RunStatus](),
        RunStatus.CANCELLED: frozenset[RunStatus](),
    }
)

ITEM_TRANSITIONS: Final = MappingProxyType(
    {
        ItemStatus.PENDING: frozenset(
            {
                ItemStatus.PENDING,  # an attempt failed, and another will follow
                ItemStatus.SUSPENDED,  # all that is left of it waits
                ItemStatus.SUCCEEDED,  # executed and saved
                ItemStatus.SKIPPED,  # gone, or the family raised Skip
                ItemStatus.FAILED,  # Fatal, or the last attempt failed
                ItemStatus.CANCELLED,  # its run was cancelled first
                ItemStatus.TIMED_OUT,  # took longer than the family allows
            }
        ),
        ItemStatus.SUSPENDED: frozenset(
            {
                ItemStatus.PENDING,  # what it waited for has come
                ItemStatus.CANCELLED,  # its run was cancelled first
            }
        ),
        ItemStatus.SUCCEEDED: frozenset[ItemStatus](),
        ItemStatus.SKIPPED: frozenset[ItemStatus](),
        ItemStatus.FAILED: frozenset[ItemStatus](),
        ItemStatus.CANCELLED: frozenset[ItemStatus](),
        ItemStatus.TIMED_OUT: frozenset[ItemStatus](),
    }
)

ENDED: Final = frozenset(status for status, after in RUN_TRANSITIONS.items() if not after)
OUTCOMES: Final = tuple(status for status, after in ITEM_TRANSITIONS.items() if not after)
_INSTEAD: Final = {
    RunStatus.CANCELLING: " any more. It is cancelled once what is at work has ended: then retry"
    " items of it.",
    **dict.fromkeys(ENDED, " any more: it has ended. Retry items of it, or start another run."),
}
"""What whoever asked can do. From the others nothing that an operator asks for is refused."""


def before(target: RunStatus) -> frozenset[RunStatus]:
    """The statuses from which a run may go to ``target``."""
    return frozenset(status for status, after in RUN_TRANSITIONS.items() if target in after)


def require_transition(run_id: str, present: RunStatus, target: RunStatus) -> None:
    """
    Raises:
        InvalidTransition: the table has no edge from ``present`` to ``target``.
    """
    if target not in RUN_TRANSITIONS[present]:
        raise InvalidTransition(
            f"Run {run_id} is {present}, and cannot become {target}{_INSTEAD.get(present, '.')}",
            more={"runStatus": present},
        )


class BackfillStatus(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"  # no further partition begins; those that are active go on
    CANCELLING = "cancelling"  # what was active has not ended yet
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"  # some partitions did not succeed
    FAILED = "failed"  # none did
    CANCELLED = "cancelled"


class PartitionStatus(StrEnum):
    WAITING = "waiting"
    ACTIVE = "active"  # its run has not ended
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BackfillMode(StrEnum):
    """Which partitions a backfill is for."""

    MISSING = "missing"  # no run over the whole of it has ever succeeded
    MISSING_AND_FAILED = "missing-and-failed"  # or the latest did not
    ALL = "all"


class Origin(StrEnum):
    """Who decides the schedule's time and params. Operators may pause it in either case."""

    CODE = "code"  # the family's file
    API = "api"  # whoever made it


class FireResult(StrEnum):
    """What came of a fire time."""

    STARTED = "started"
    SKIPPED = "skipped"  # a run was active already, or it had passed while nothing ran
    FAILED = "failed"  # the family refuses the params, or their secrets cannot be read


class EventKind(StrEnum):
    CREATED = "created"
    QUEUED = "queued"  # another run of the family comes first
    BEGUN = "begun"  # layer 1 has counted
    PAUSED = "paused"
    RESUMED = "resumed"
    PROMOTED = "promoted"  # the canary went well, and the rest follows
    CANCELLING = "cancelling"
    FINISHING = "finishing"  # every item has ended; data: the run that finish is
    ENDED = "ended"  # reason: the status
    FOLLOWED = "followed"  # data: another family's run that begins because of it; or why none does
    ANSWERED = "answered"  # a suspended item was given what it waited for; data: item and step
    RETRIED = "retried"  # data: the run that retries
    RETRYING = "retrying"  # a layer has failed, and comes again; once for each kind of trouble
    FAMILY_GONE = "family_gone"  # no process knows the family: it was removed, or renamed
    FAMILY_BACK = "family_back"
    TAKEN_OVER = (
        "taken_over"  # a worker is gone, or hangs; data: it, who goes on, and how many items
    )
    BATCH_DELAYED = "batch_delayed"  # a provider does not do as it is asked; data: which; reason
    THROTTLED = "throttled"  # the family's throttle says no: nothing new starts
    THROTTLE_OVER = "throttle_over"  # it says yes again
    REPAIRED = "repaired"  # the watchdog found that it could not go on
