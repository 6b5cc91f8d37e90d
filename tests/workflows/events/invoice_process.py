"""A process of a family whose items wait for events: a worker; or, with ``send``, one that sends
these events. With the arguments of ``tests.workflows.events.hearing_process``.
"""

from __future__ import annotations

import os
import random
import sys

import uvloop

from app.bootstrap import Urls, open_service
from app.settings import Settings
from app.workflows.family import Context, FamilyParams
from tests.support.processes import worker_process
from tests.workflows.events.invoices import PAID, paid


class TracedWaiting(worker_process.Traced):
    """Waits for two events, one after the other, and remembers which."""

    name = "traced-waiting"

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
        await super().execute(entity, params, ctx)
        seen = set()
        for number in range(2):
            event = await ctx.wait_for(PAID, match="invoice.id", name=f"paid-{number}")
            seen.add(event.id if event else None)
        assert seen == {f"{entity}-0", f"{entity}-1"}, seen
        return len(seen)


async def send(prefix: str, number: int) -> None:
    """Two of each item, three in a call, in another order each time."""
    settings = Settings.model_validate({"SLUICE_REDIS_PREFIX": prefix})
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    ids = [f"u{n:05}" for n in range(1, number // 2 + 1)]
    events = [paid(item, f"{item}-{one}") for item in ids for one in range(2)]
    random.shuffle(events)
    async with open_service(settings, urls, [TracedWaiting()]) as service:
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        for first in range(0, number, 3):
            await service.api.events.inbox.take(events[first : first + 3], sender="process")


async def main(prefix: str, what: str, *rest: str) -> None:
    if what == "send":
        await send(prefix, int(rest[0]))
    else:
        await worker_process.work(prefix, TracedWaiting(float(what)))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
