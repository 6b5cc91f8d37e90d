"""How far a provider's batch is."""

from __future__ import annotations

from enum import StrEnum


class BatchState(StrEnum):
    ASSIGNED = "assigned"  # it has its lines; the provider does not have its file yet
    UPLOADED = "uploaded"  # the provider has its file, and is yet to make the batch of it
    SUBMITTED = "submitted"  # the provider has it
    COLLECTING = "collecting"  # the provider is done with it, and its answers are being read
    COMPLETED = "completed"
    EXPIRED = "expired"  # before all of it was answered
    CANCELLED = "cancelled"
    FAILED = "failed"  # the provider has refused it as a whole
