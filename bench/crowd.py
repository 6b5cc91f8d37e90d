"""What others notice while a token that may only read does its worst and hundreds of connections
stand half open: the API, with a worker, is a process with few descriptors; who does the worst is
another; and here is somebody else, who looks at runs."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import uvloop
from fastapi import FastAPI

from app.api.app import build_app
from app.bootstrap import Urls, open_service
from app.cli.server.uvicorn import bind, listening, url_of
from app.logs import configure_logs
from app.workflows.family import FamilyParams
from bench.processes import process_of, ready_until_told
from bench.support import Bench, Shape, bench_settings, opened, start
from tests.support.network.half_open import half_open

WORST = "secret-of-the-worst-0123456789"
OTHER = "secret-of-the-other-0123456789"
TOKENS = f"worst[read]:{WORST},other[read]:{OTHER}"
SHAPE = Shape(seconds=0.05, parallelism=10, cached=True)
USERS = 20_000
AT_ONCE = 100
"""Calls of each kind, each made again as soon as it is answered."""
LARGE: list[object] = [[]] * 200_000
"""900 kB of JSON."""
HALF_OPEN = 600
DESCRIPTORS = 1_024
SECONDS = 15.0
LOOKS = ("/api/runs", "/readyz")


class Noted(FamilyParams):
    note: str = ""


class Crowded(Bench):
    params = Noted


async def medians(urls: Urls) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds in which each of ``LOOKS`` is answered: in peace, and in the crowd."""
    async with (
        opened(urls, SHAPE, USERS) as service,
        process_of("bench.crowd", "serve", DATABASE_URL=urls.database, REDIS_URL=urls.redis) as (
            url,
            _,
        ),
    ):
        run_id = await start(service)
        peace = await _looked(url)
        async with process_of("bench.crowd", "crowd", url, run_id) as (_, crowd):
            await asyncio.sleep(3)
            with half_open(int(url.rpartition(":")[2]), HALF_OPEN):
                worst = await _looked(url)
            crowd.send_signal(signal.SIGTERM)
            answers, _ = await crowd.communicate()
            print(f"crowd: answered with {answers.decode().strip()}", flush=True)
    return peace, worst


async def _looked(url: str) -> dict[str, float]:
    taken: dict[str, list[float]] = {path: [] for path in LOOKS}
    until = time.monotonic() + SECONDS
    headers = {"Authorization": f"Bearer {OTHER}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        while time.monotonic() < until:
            for path, times in taken.items():
                began = time.perf_counter()
                answer = await client.get(path)
                times.append((time.perf_counter() - began) * 1_000)
                if not answer.is_success:
                    raise SystemExit(f"{path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(0.05)
    return {path: statistics.median(times) for path, times in taken.items()}


async def _serve() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    settings = bench_settings(SLUICE_TOKENS=TOKENS)
    family = Crowded(SHAPE)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, urls, [family]) as service:
            app.state.api = service.api
            worker = service.worker()
            running = asyncio.create_task(worker.run())
            yield
            worker.stop()
            await running

    app = build_app([family], settings.tokens, lifespan=lifespan)
    with bind("127.0.0.1", 0) as bound:
        async with listening(app, bound, stop_timeout=1):
            await ready_until_told(url_of(bound))


async def _crowd(url: str, run_id: str) -> None:
    answers: Counter[str] = Counter()
    async with httpx2.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {WORST}"},
        limits=httpx2.Limits(max_connections=None),
        timeout=120,
    ) as client:

        async def follow() -> httpx2.Response:
            asked = {"Accept": "text/event-stream"}
            async with client.stream("GET", f"/api/runs/{run_id}/events", headers=asked) as answer:
                async for _ in answer.aiter_bytes():
                    pass
            return answer

        kinds: dict[str, Callable[[], Awaitable[httpx2.Response]]] = {
            "stream": follow,
            "coverage": lambda: client.get("/api/families/bench/coverage"),
            "items": lambda: client.get(f"/api/runs/{run_id}/items", params={"limit": 200}),
            "preview": lambda: client.post(
                "/api/workflows/bench/execute-user", json={"userId": "usr_1", "dryRun": True}
            ),
            "large": lambda: client.post(
                "/api/workflows/bench/process-users",
                json={"dryRun": True, "params": {"note": LARGE}},
            ),
        }

        async def again_and_again(name: str) -> None:
            while True:
                try:
                    answer = await kinds[name]()
                except httpx2.TransportError as error:  # it made room: the next call follows
                    answers[f"{name} {type(error).__name__}"] += 1
                else:
                    answers[f"{name} {answer.status_code}"] += 1

        crowd = [asyncio.create_task(again_and_again(n)) for n in kinds for _ in range(AT_ONCE)]
        await ready_until_told("ready")
        if any(one.done() for one in crowd):
            raise SystemExit("The crowd has become smaller.")
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
    print(json.dumps(dict(sorted(answers.items()))), flush=True)


if __name__ == "__main__":
    configure_logs("error", "console")
    uvloop.run(_serve() if sys.argv[1] == "serve" else _crowd(*sys.argv[2:]))
