"""A process that sends one event, for which very many wait, so that a test can kill it. With the
arguments of ``tests.workflows.events.hearing_process``.
"""

from __future__ import annotations

import os
import sys

import uvloop

from app.bootstrap import Urls, open_service
from app.settings import Settings
from app.workflows.events import waker
from app.workflows.events.inbox import SentEvent
from tests.support.patience import PATIENCE
from tests.workflows.events.invoices import Awaiting, wait

ENDED = SentEvent("deploy/ended", {"deploy": "d1"}, "e1")


async def main(prefix: str, *_what: str) -> None:
    waker.SENDER_SECONDS = PATIENCE
    settings = Settings.model_validate({"SLUICE_REDIS_PREFIX": prefix})
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    async with open_service(settings, urls, [Awaiting(wait)]) as service:
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        await service.api.events.inbox.take([ENDED], sender="process")


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
