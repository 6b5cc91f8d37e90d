"""Puts items into a peer's queue, as a program that uses the peer does.

``python -m bench.peers.jobs.feed NAME`` reads lines of ``[first, count, seconds]`` and answers each
with the time at which it began and the time at which all of them were in the queue.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import time
from importlib import import_module

from bench.peers.jobs.work import item_ids


def main(name: str) -> None:
    job = import_module(f"bench.peers.jobs.{name}_job")
    with asyncio.Runner() as runner:
        if hasattr(job, "connect"):
            runner.run(job.connect())
        print("ready", flush=True)
        for line in sys.stdin:
            first, count, seconds = json.loads(line)
            ids = item_ids(first, count)
            began = time.time()
            sent = job.enqueue(ids, seconds)
            if inspect.iscoroutine(sent):
                runner.run(sent)
            print(json.dumps([began, time.time()]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
