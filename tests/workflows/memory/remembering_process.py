"""A worker, as a process, of a family that remembers what has a result; its runs may go side by
side. Arguments as those of ``tests.support.processes.worker_process``."""

from __future__ import annotations

import sys

import uvloop

from app.workflows.family import Overlap, Remembered
from tests.support.processes import worker_process


class Traced(worker_process.Traced):
    existing = Remembered()
    overlap = Overlap.ALLOW


async def main(prefix: str, item_seconds: str, *_limits: str) -> None:
    await worker_process.work(prefix, Traced(float(item_seconds)))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
