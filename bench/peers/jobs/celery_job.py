"""The job in Celery. ``celery -A bench.peers.jobs.celery_job worker`` is a worker."""

from __future__ import annotations

from collections.abc import Sequence

from celery import Celery

from bench.peers.jobs.psycopg_work import work
from bench.peers.jobs.work import REDIS

app = Celery("peers", broker=REDIS.replace("unix://", "redis+socket://"))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
)


@app.task
def item(item_id: str, seconds: float) -> None:
    work(item_id, seconds)


def enqueue(ids: Sequence[str], seconds: float) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for one in ids:
            item.apply_async((one, seconds), producer=producer)
