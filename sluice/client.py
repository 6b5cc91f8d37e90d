"""The one import path of callers: the clients, with and without ``async``, and what they give and
raise. What each name means stands where it is defined."""

from __future__ import annotations

from sluice.async_client import AsyncSluiceClient
from sluice.async_family import AsyncFamily
from sluice.async_run import AsyncRun
from sluice.errors import CallRefused, ClientError, NotConfigured, NotReached, RunNotSucceeded
from sluice.models import (
    Actual,
    Chunk,
    DryRun,
    Estimate,
    Event,
    Finish,
    Item,
    Parent,
    Preview,
    RunOptions,
    RunState,
    Throttled,
)
from sluice.samples import (
    Budget,
    ResultDiff,
    Sample,
    SampleGroup,
    SampleOutcomes,
    SampleStop,
)
from sluice.sent_events import AskedItem, NewEvent, SentEvent
from sluice.sync_client import Family, SluiceClient
from sluice.sync_run import Run

__all__ = [
    "Actual",
    "AskedItem",
    "AsyncFamily",
    "AsyncRun",
    "AsyncSluiceClient",
    "Budget",
    "CallRefused",
    "Chunk",
    "ClientError",
    "DryRun",
    "Estimate",
    "Event",
    "Family",
    "Finish",
    "Item",
    "NewEvent",
    "NotConfigured",
    "NotReached",
    "Parent",
    "Preview",
    "ResultDiff",
    "Run",
    "RunNotSucceeded",
    "RunOptions",
    "RunState",
    "Sample",
    "SampleGroup",
    "SampleOutcomes",
    "SampleStop",
    "SentEvent",
    "SluiceClient",
    "Throttled",
]
