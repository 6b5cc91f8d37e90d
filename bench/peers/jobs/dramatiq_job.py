"""The job in Dramatiq. ``dramatiq bench.peers.jobs.dramatiq_job`` is a worker."""

from __future__ import annotations

from collections.abc import Sequence

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.peers.jobs.psycopg_work import work
from bench.peers.jobs.work import REDIS

dramatiq.set_broker(RedisBroker(url=REDIS))


@dramatiq.actor
def item(item_id: str, seconds: float) -> None:
    work(item_id, seconds)


def enqueue(ids: Sequence[str], seconds: float) -> None:
    for one in ids:
        item.send(one, seconds)
