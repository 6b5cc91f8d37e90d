"""A worker, as a process, whose items ask a provider's Batch API. Arguments as those of
``tests.support.processes.worker_process``, with the provider's URL in place of a fatal item."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

import uvloop

from app.cli.demo.batches.provider_server import KEY
from tests.support.processes import worker_process
from tests.workflows.deferred.asking import MANY, QUICK, Deferring, endpoint


async def main(prefix: str, _seconds: str, _parallelism: str, _rate: str, url: str) -> None:
    policy = QUICK
    if url.startswith(MANY):
        # One batch of them all, however long it takes until they ask.
        url, policy = url.removeprefix(MANY), replace(QUICK, size=220, within=timedelta(hours=1))
    await worker_process.work(prefix, Deferring(), [endpoint(url, KEY, policy)])


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
