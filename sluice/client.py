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
from sluice.sync_client import Family, Run, SluiceClient

__all__ = [
    "Actual",
    "AsyncFamily",
    "AsyncRun",
    "AsyncSluiceClient",
    "CallRefused",
    "Chunk",
    "ClientError",
    "DryRun",
    "Estimate",
    "Event",
    "Family",
    "Finish",
    "Item",
    "NotConfigured",
    "NotReached",
    "Parent",
    "Preview",
    "Run",
    "RunNotSucceeded",
    "RunOptions",
    "RunState",
    "SluiceClient",
    "Throttled",
]
