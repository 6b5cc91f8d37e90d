"""A client of a Sluice service: ``from sluice import SluiceClient``, or ``AsyncSluiceClient``.

It needs httpx2 and pydantic, and nothing of the service's own code.
"""

from __future__ import annotations

from sluice.async_client import AsyncSluiceClient
from sluice.async_family import AsyncFamily
from sluice.async_run import AsyncRun
from sluice.client import Family, Run, SluiceClient
from sluice.errors import CallRefused, ClientError, NotConfigured, NotReached, RunNotSucceeded
from sluice.models import Chunk, DryRun, Event, Item, Preview, RunOptions, RunState

__all__ = [
    "AsyncFamily",
    "AsyncRun",
    "AsyncSluiceClient",
    "CallRefused",
    "Chunk",
    "ClientError",
    "DryRun",
    "Event",
    "Family",
    "Item",
    "NotConfigured",
    "NotReached",
    "Preview",
    "Run",
    "RunNotSucceeded",
    "RunOptions",
    "RunState",
    "SluiceClient",
]
