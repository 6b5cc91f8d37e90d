"""The peers, each a program in an environment of its own.

All of them deliver at least once: a message is acknowledged when its item is done. What is set
beside that, and where the peer's own documentation names it:

- PgQueuer: batches of 100, which its guide "Performance Tuning" advises for short jobs, at most 400
  at once (it demands twice the batch), the settings of ``pgq autovac``, a pool, no roll-up of its
  log (all on that page), uvloop; enqueued 1,000 at a time. Its tables are durable, as they come.
- Dramatiq: one process of 8 threads, as it comes but for the number of processes: one worker of any
  contestant is one process that does items.
- Taskiq: ``--max-prefetch`` for high message rates, ``--ack-type when_executed`` because no result
  is kept, ``--no-parse`` (its page "CLI"); 100 tasks at once, as it comes; uvloop.
- Celery: ``task_acks_late`` with ``task_reject_on_worker_lost``, no results, and a prefetch
  multiplier of 64, which its page "Optimizing" names for many short tasks; no gossip, mingle or
  heartbeat. With two child processes, which is one more than a worker of the others has, and with
  eight threads in one process, which does better.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.asyncio import Redis

from bench.peers.contestant import ROOT, Place, Program, Sent, Worker

ENVIRONMENTS = ROOT / ".venv" / "peers"


@dataclass
class Peer:
    """
    Args:
        job: ``bench.peers.jobs.{job}_job``, and the name of the environment.
        command: what starts a worker, from the environment's ``bin``.
    """

    name: str
    job: str
    at_once: int
    command: Sequence[str]
    _place: Place | None = field(default=None, init=False)
    _feed: Program | None = field(default=None, init=False)

    async def prepare(self, place: Place) -> None:
        self._place = place
        async with Redis.from_url(place.redis) as redis:
            await redis.flushdb()
        command = [self._bin("python"), "-m", "bench.peers.jobs.feed", self.job]
        self._feed = await Program.started(
            command, place.environment(0), f"{self.name}-feed", talks=True
        )
        await self._said()

    async def start_worker(self, number: int) -> Worker:
        assert self._place is not None
        program, *arguments = self.command
        return await Program.started(
            [self._bin(program), *arguments],
            self._place.environment(number),
            f"{self.name}-{number}",
        )

    async def enqueue(self, first: int, count: int, seconds: float) -> Sent:
        assert self._feed is not None
        assert self._feed.process.stdin is not None
        self._feed.process.stdin.write(json.dumps([first, count, seconds]).encode() + b"\n")
        return Sent(*json.loads(await self._said()))

    async def ended_at(self) -> float | None:
        return None

    async def stop(self) -> None:
        if self._feed is not None:
            await self._feed.stop()

    async def _said(self) -> bytes:
        assert self._feed is not None
        assert self._feed.process.stdout is not None
        line = await self._feed.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} put nothing into its queue: see bench/out/peers.")
        return line

    def _bin(self, program: str) -> str:
        return str(ENVIRONMENTS / self.job / "bin" / program)


def _celery(name: str, pool: str, at_once: int) -> Peer:
    return Peer(
        name, "celery", at_once,
        ["celery", "-A", "bench.peers.jobs.celery_job", "worker", "--pool", pool,
         "--concurrency", str(at_once), "--loglevel", "WARNING",
         "--without-gossip", "--without-mingle", "--without-heartbeat"],
    )  # fmt: skip


PEERS = (
    Peer("pgqueuer", "pgqueuer", 100, ["python", "-m", "bench.peers.jobs.pgqueuer_job"]),
    Peer(
        "dramatiq", "dramatiq", 8,
        ["dramatiq", "bench.peers.jobs.dramatiq_job", "--processes", "1", "--threads", "8"],
    ),
    Peer(
        "taskiq", "taskiq", 100,
        ["taskiq", "worker", "bench.peers.jobs.taskiq_job:broker", "--workers", "1",
         "--max-async-tasks", "100", "--max-prefetch", "100", "--ack-type", "when_executed",
         "--no-parse", "--log-level", "WARNING"],
    ),
    _celery("celery", "prefork", 2),
    _celery("celery-threads", "threads", 8),
)  # fmt: skip
