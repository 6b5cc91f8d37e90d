"""What somebody may have done, and to what."""

from __future__ import annotations

from enum import StrEnum


class AuditSubject(StrEnum):
    """What somebody did something to."""

    RUN = "run"
    BACKFILL = "backfill"
    FLOW_KEY = "flow_key"
    SCHEDULE = "schedule"
    FAMILY = "family"
    NOTIFICATION = "notification"  # a target: whom something is told


class AuditAction(StrEnum):
    """What somebody did."""

    RUN_STARTED = "run_started"
    RUN_PAUSED = "run_paused"
    RUN_RESUMED = "run_resumed"
    RUN_APPROVED = "run_approved"
    RUN_CANCELLED = "run_cancelled"
    RUN_RETRIED = "run_retried"  # after: the run that retries
    RUN_FINISHING = "run_finishing"  # its finish was run once more; after: the run that this is
    RUN_ANSWERED = "run_answered"  # what one of its items waited for; after: item and step
    BACKFILL_STARTED = "backfill_started"
    BACKFILL_PAUSED = "backfill_paused"
    BACKFILL_RESUMED = "backfill_resumed"
    BACKFILL_CANCELLED = "backfill_cancelled"
    FLOW_PINNED = "flow_pinned"
    FLOW_RESET = "flow_reset"
    FLOW_PAUSED = "flow_paused"
    FLOW_RESUMED = "flow_resumed"
    FLOW_LIFTED = "flow_lifted"  # what was held because who is called had said when to come again
    SCHEDULE_CREATED = "schedule_created"
    SCHEDULE_CHANGED = "schedule_changed"
    SCHEDULE_PAUSED = "schedule_paused"
    SCHEDULE_RESUMED = "schedule_resumed"
    SCHEDULE_DELETED = "schedule_deleted"
    RESULTS_FORGOTTEN = "results_forgotten"  # after: of which items; null: of all
    NOTIFICATION_CREATED = "notification_created"
    NOTIFICATION_DELETED = "notification_deleted"
    NOTIFICATION_DISABLED = "notification_disabled"  # by the target itself, which answered 410
    NOTIFICATION_ENABLED = "notification_enabled"
    NOTIFICATION_TESTED = "notification_tested"
    NOTIFICATION_RESENT = "notification_resent"  # after: the delivery
