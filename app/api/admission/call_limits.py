"""The bounds of the API, and the calls that take long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request

from app.api.admission.concurrency import ConcurrencyLimit
from app.api.admission.large_bodies import LargeBodies
from app.settings import Settings

PATIENCE = 5.0
"""Seconds in line: a page of the console asks many things at once, and so do people who share a
token."""
SHORT_PATIENCE = 1.0
"""For a stream, which goes on for long: no more than a page that is loaded again needs."""

LOOKS = 2
STREAM = "text/event-stream"
FILES = ("/items.csv", "/items.ndjson", "/failures.csv", "/failures.ndjson")
"""How paths end whose answers may be as long as a run is large."""


def asks_for_stream(request: Request) -> bool:
    return STREAM in request.headers.get("accept", "").lower()


@dataclass(frozen=True, slots=True)
class CallLimits:
    calls: ConcurrencyLimit
    """Every call, but streams and, once it is known that they are such, those below."""
    streams: ConcurrencyLimit
    counts: ConcurrencyLimit
    """Dry runs, and coverage that is counted anew."""
    previews: ConcurrencyLimit
    waits: ConcurrencyLimit
    """Starts that are answered once the run has been counted."""
    looks: asyncio.Semaphore
    """Of streams at the database, of all tokens: however many there are, few look at once, and all
    others find a connection."""
    bodies: LargeBodies

    @classmethod
    def of(cls, settings: Settings) -> CallLimits:
        each, total = settings.long_calls_per_token, settings.long_calls
        return cls(
            calls=ConcurrencyLimit(
                "calls", each=settings.calls_per_token, total=None, patience=PATIENCE
            ),
            streams=ConcurrencyLimit(
                "streams",
                each=settings.streams_per_token,
                total=settings.streams,
                patience=SHORT_PATIENCE,
            ),
            counts=ConcurrencyLimit(
                "dry runs and counts", each=each, total=total, patience=PATIENCE
            ),
            previews=ConcurrencyLimit("previews", each=each, total=total, patience=PATIENCE),
            waits=ConcurrencyLimit(
                "starts that wait",
                each=settings.streams_per_token,
                total=settings.streams,
                patience=PATIENCE,
            ),
            looks=asyncio.Semaphore(LOOKS),
            bodies=LargeBodies(settings.max_params_bytes),
        )

    def at_the_door(self, request: Request) -> ConcurrencyLimit:
        """Under which the call as a whole is counted. One that asks for a stream and is answered
        otherwise takes the place of one for as long as that takes. So does a file."""
        streams = asks_for_stream(request) or request.url.path.endswith(FILES)
        return self.streams if streams else self.calls
