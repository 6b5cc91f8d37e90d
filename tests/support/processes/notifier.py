"""A process that sends notifications and does nothing else, so that a test can kill it. It is begun
as ``tests.support.processes.worker_process`` is."""

from __future__ import annotations

import os
import sys

import uvloop

from app.bootstrap import Urls, open_service
from app.logs import configure_logs
from app.settings import Settings


async def main(prefix: str, *_: str) -> None:
    configure_logs("warning", "json")
    settings = Settings.model_validate(
        {"SLUICE_REDIS_PREFIX": prefix, "SLUICE_NOTIFY_PRIVATE": "127.0.0.0/8"}
    )
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    async with open_service(settings, urls, []) as service:
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        await service.api.notifications.sender.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
