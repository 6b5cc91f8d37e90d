"""A running service, and its API as a test asks it beside the browser."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import asyncpg
import httpx2

from tests.support.http import bearer
from tests.support.servers.choice import TestServers
from tests.support.servers.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
OPS = "secret-of-ops-0123456789"
LOOK = "secret-of-look-0123456789"
TOKENS = {"ops": OPS, "look[read]": LOOK}
ENDED = frozenset({"succeeded", "partial", "failed", "cancelled"})
READY = 60
"""Seconds that a service may take to begin."""

Json = dict[str, Any]  # an answer of the API; its shape is the API's business

TRACE_URL = "https://traces.example.com/trace/{trace_id}"


class Api:
    """The API with a token that may do everything, or the one that is given."""

    def __init__(self, url: str, secret: str = OPS) -> None:
        # No connection is used again that the server may be closing: it does after five seconds.
        limits = httpx2.Limits(keepalive_expiry=2)
        self._client = httpx2.Client(
            base_url=url, headers=bearer(secret), timeout=20, limits=limits
        )
        self.kept: set[str] = set()
        """Runs that go on from one test to the next."""

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return dict(answer.json())

    def status(self, method: str, path: str, body: Json | None = None) -> int:
        return self._client.request(method, path, json=body).status_code

    def get(self, path: str) -> Json:
        return self.ask("GET", path)

    def start(self, family: str, **body: object) -> str:
        """The id of a new run."""
        started = self.ask("POST", f"/api/workflows/{family}/process-users", dict(body))
        return str(started["runId"])

    def run(self, run_id: str) -> Json:
        return dict(self.get(f"/api/runs/{run_id}")["run"])

    def reached(self, run_id: str, status: str, *, within: float = 20) -> Json:
        """The run once it has this status."""
        return self.once(lambda: self.run(run_id), lambda run: run["status"] == status, within)

    def ended(self, run_id: str, *, within: float = 20) -> Json:
        return self.once(lambda: self.run(run_id), lambda run: run["status"] in ENDED, within)

    def moved(self, run_id: str, *, ended: int = 1, within: float = 20) -> Json:
        """The run once so many of its items have ended."""
        return self.once(lambda: self.run(run_id), lambda run: run["ended"] >= ended, within)

    def backfilled(self, backfill_id: str, *, within: float = 20) -> Json:
        """The backfill once it has ended."""
        return self.once(
            lambda: dict(self.get(f"/api/backfills/{backfill_id}")["backfill"]),
            lambda backfill: backfill["finishedAt"] is not None,
            within,
        )

    def pin(self, key: str, **limits: float) -> None:
        self.ask("PUT", f"/api/flow-control/{key}", dict(limits))

    def once(self, ask: Callable[[], Json], true: Callable[[Json], bool], within: float) -> Json:
        """The first answer of which it is true."""
        end = time.monotonic() + within
        while not true(answer := ask()):
            assert time.monotonic() < end, answer
            time.sleep(0.05)
        return answer

    def quiet(self) -> None:
        """Nothing runs, no limit is pinned and nothing is held, as before the first test."""
        active = [run["id"] for run in self.get("/api/overview")["activeRuns"]]
        active = [run_id for run_id in active if run_id not in self.kept]
        for run_id in active:
            self.status("POST", f"/api/runs/{run_id}/cancel")  # 409: it has ended meanwhile
        for flow in self.get("/api/flow-control")["flowControl"]:
            if flow["source"] == "pinned":
                self.ask("DELETE", f"/api/flow-control/{flow['key']}")
            if flow["paused"]:
                self.ask("POST", f"/api/flow-control/{flow['key']}/resume")
            if any(hold["until"] is not None for hold in flow["throttled"]):
                self.ask("POST", f"/api/flow-control/{flow['key']}/lift")
        for run_id in active:
            self.ended(run_id)


@dataclass
class Stack:
    """A service that can be stopped, and started again at the same address.

    ``workers``: 1, or 0: the API alone.
    """

    servers: TestServers
    folder: Path
    tokens: Mapping[str, str] = field(default_factory=lambda: dict(TOKENS))
    name: str = field(default_factory=lambda: f"sluice_e2e_{os.getpid()}_{secrets.token_hex(4)}")
    port: int = 0
    workers: int = 1
    root_path: str = ""
    families: Literal["tests", "demos"] = "tests"
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        if not self.port:
            self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.servers.database_url,
            "REDIS_URL": self.servers.redis_url,
            "SLUICE_REDIS_PREFIX": self.name,
            "SLUICE_DATA_DIR": str(self.folder),
            "SLUICE_FILES_DIR": str(self.folder / "files"),
            "SLUICE_TOKENS": ",".join(f"{name}:{secret}" for name, secret in self.tokens.items()),
            "SLUICE_ROOT_PATH": self.root_path,
            "SLUICE_STOP_TIMEOUT": "5",
            # Nobody collects them there: runs have a trace, and links lead to it.
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "0.5",
            "SLUICE_TRACE_URL": TRACE_URL,
            "SLUICE_WATCHDOG_SECONDS": "1",
            "SLUICE_LOG_LEVEL": "warning",
        }

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.e2e.support.service",
                    self.name,
                    str(self.port),
                    str(self.workers),
                    self.families,
                ],
                env=self.environment(),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=output,
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n", self.log.read_text()

    def stop(self) -> None:
        process = self.process
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(30) == 0, self.log.read_text()
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            self.process = None

    def drop(self) -> None:
        # In a thread of its own: Playwright's loop runs in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._drop()).result()

    async def _drop(self) -> None:
        admin = await asyncpg.connect(self.servers.database_url)
        await admin.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        await admin.close()


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    stack.start()
    try:
        yield stack
    finally:
        stack.stop()
        stack.drop()
