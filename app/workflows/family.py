"""The one import path of authors: everything that a job family may say.

A family is one file under ``app/workflows/families/`` with one subclass of ``JobFamily``.
Everything else is derived from it: routes, payload schemas, flow keys, ids, retries and progress.
What each name means stands where it is defined, in ``app.workflows.contract``.
"""

from __future__ import annotations

from app.flow.limits import FlowControl
from app.workflows.contract.after import After
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.context import Context, Cost, Services
from app.workflows.contract.cron import CatchUp, Cron, Overlap
from app.workflows.contract.event import Event
from app.workflows.contract.exceptions import (
    CallFailed,
    ChildFailed,
    Fatal,
    RetryAfter,
    Skip,
    StepFailed,
    Systemic,
)
from app.workflows.contract.finished_run import FinishedRun, ItemResult
from app.workflows.contract.job_family import JobFamily
from app.workflows.contract.partitions import Daily, Hourly, Monthly, Partition
from app.workflows.contract.parts.entity import Entity
from app.workflows.contract.parts.family_params import FamilyEntity, FamilyParams
from app.workflows.contract.parts.flow import Flow
from app.workflows.contract.parts.page import Page
from app.workflows.contract.result_memory import Remembered
from app.workflows.contract.steps.batched_method import batched
from app.workflows.contract.steps.deferred_reply import DeferredFailed, DeferredReply
from app.workflows.contract.steps.matched_event import MatchedEvent
from app.workflows.contract.throttle import Throttle
from app.workflows.throttles.database_checks import DeadTuples, LongTransactions, ReplicationLag
from app.workflows.throttles.health_address import HealthAddress

__all__ = [
    "After",
    "Backoff",
    "CallFailed",
    "CatchUp",
    "ChildFailed",
    "Context",
    "Cost",
    "Cron",
    "Daily",
    "DeadTuples",
    "DeferredFailed",
    "DeferredReply",
    "Entity",
    "Event",
    "FamilyEntity",
    "FamilyParams",
    "Fatal",
    "FinishedRun",
    "Flow",
    "FlowControl",
    "HealthAddress",
    "Hourly",
    "ItemResult",
    "JobFamily",
    "LongTransactions",
    "MatchedEvent",
    "Monthly",
    "Overlap",
    "Page",
    "Partition",
    "Remembered",
    "ReplicationLag",
    "RetryAfter",
    "Services",
    "Skip",
    "StepFailed",
    "Systemic",
    "Throttle",
    "batched",
]
