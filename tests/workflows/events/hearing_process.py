"""A process of a family that events start: a worker; or, with ``send``, one that sends events.

Run as ``python -m tests.workflows.events.hearing_process PREFIX SECONDS …`` for a worker, with the
arguments of ``tests.support.processes.worker_process``; and with ``PREFIX send NUMBER`` for one
that sends so many events, two in a call.
"""

from __future__ import annotations

import os
import sys

import uvloop

from app.bootstrap import Urls, open_service
from app.settings import Settings
from app.workflows.events.inbox import SentEvent
from app.workflows.family import Event, Overlap
from tests.support.processes import worker_process


class Traced(worker_process.Traced):
    overlap = Overlap.ALLOW
    on = (Event("user/registered", item="user.id"),)


class TracedAlone(Traced):
    """One run at a time."""

    name = "traced-alone"
    overlap = Overlap.SKIP


def user_of(number: int) -> str:
    """Every fifth is one that was there before."""
    return f"u{number - number % 5 or 5:05}" if number % 5 == 1 else f"u{number:05}"


def event_of(number: int) -> SentEvent:
    return SentEvent("user/registered", {"user": {"id": user_of(number)}}, f"e{number}")


async def send(prefix: str, number: int) -> None:
    settings = Settings.model_validate({"SLUICE_REDIS_PREFIX": prefix})
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    async with open_service(settings, urls, [Traced(), TracedAlone()]) as service:
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        for one in range(0, number, 2):
            events = [event_of(one), event_of(one + 1)]
            await service.api.events.inbox.take(events, sender="process")


async def main(prefix: str, what: str, *rest: str) -> None:
    if what == "send":
        await send(prefix, int(rest[0]))
    else:
        kind = TracedAlone if rest[-1:] == ("alone",) else Traced
        await worker_process.work(prefix, kind(float(what)))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
