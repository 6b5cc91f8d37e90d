"""A service that is told to stop ends within its limit, whatever its families' code is at."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.cli.command import SECRET, Sluice, wait_for
from tests.support.clocks.stretch import stretch
from tests.support.patience import PATIENCE
from tests.support.processes.forking import ROOT

LIMIT = 1.0
"""SLUICE_STOP_TIMEOUT of these services."""
BESIDE = 10.0
"""Seconds that a process takes to end besides, on a machine that nobody else uses. What it must not
wait for does not end at all."""
FAMILY = """
import asyncio, socket, sys, time

from app.workflows.family import Context, Entity, FamilyParams, JobFamily, Page

SECONDS = 3_600


class Params(FamilyParams):
    at: str


class Stuck(JobFamily[Params, str, str]):
    name = "stuck"
    entity = Entity("thing", "things")
    verb = "hold"
    params = Params

    async def page(self, cursor, size, params, ctx):
        return Page(["one"], None)

    async def load(self, item_id, ctx):
        return item_id

    def execute(self, entity, params, ctx):
        return getattr(self, params.at)()

    def began(self):
        print("the item has begun", file=sys.stderr, flush=True)

    def sleep(self):
        self.began()
        time.sleep(SECONDS)

    def socket(self):
        ours, _theirs = socket.socketpair()
        self.began()
        ours.recv(1)

    async def library(self):
        self.began()
        await asyncio.to_thread(time.sleep, SECONDS)

    async def loop(self):
        self.began()
        time.sleep(SECONDS)

    async def deaf(self):
        self.began()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                await asyncio.sleep(SECONDS)
            except asyncio.CancelledError:
                pass
"""


CALL = """
import httpx2, sys
httpx2.post(
    sys.argv[1],
    headers={"Authorization": f"Bearer {sys.argv[2]}"},
    json={"thingId": "one", "params": {"at": "sleep"}, "dryRun": True},
    timeout=60,
)
"""


@contextmanager
def service(sluice: Sluice, folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "families").mkdir()
    (folder / "families" / "stuck.py").write_text(FAMILY)
    env = {**sluice.env, "SLUICE_STOP_TIMEOUT": str(LIMIT), "SLUICE_LOG_FORMAT": "json"}
    program = [
        sys.executable,
        "-m",
        "tests.support.processes.with_families",
        str(folder / "families"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*program, *command], env=env, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def previewing(sluice: Sluice) -> Iterator[None]:
    url = f"{sluice.env['SLUICE_URL']}/api/workflows/stuck/hold-thing"
    call = [sys.executable, "-c", CALL, url, SECRET]
    process = subprocess.Popen(call, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def told(folder: Path) -> dict[str, dict[str, Any]]:  # whatever a log line holds
    """The log's events by name."""
    lines = [line for line in (folder / "log").read_text().splitlines() if line.startswith("{")]
    return {entry["event"]: entry for entry in map(json.loads, lines)}


def seconds_to_stop(process: subprocess.Popen[bytes]) -> float:
    began, stretched = time.monotonic(), stretch()
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    took = time.monotonic() - began
    assert took < LIMIT + BESIDE * max(stretched, stretch())
    return took


@pytest.fixture(autouse=True)
async def nothing_queued(sluice: Sluice) -> None:
    connection = await asyncpg.connect(sluice.env["DATABASE_URL"])
    await connection.execute("DELETE FROM sluice.run; DELETE FROM sluice.message")
    await connection.close()


async def start(sluice: Sluice, at: str) -> None:
    body = {"params": {"at": at}}
    async with httpx2.AsyncClient(base_url=sluice.env["SLUICE_URL"], timeout=60) as caller:
        caller.headers["Authorization"] = f"Bearer {SECRET}"
        answer = await caller.post("/api/workflows/stuck/process-things", json=body)
        assert answer.status_code == 202, answer.text


async def queued(sluice: Sluice) -> list[str]:
    """How the messages of items stand."""
    connection = await asyncpg.connect(sluice.env["DATABASE_URL"])
    try:
        rows = await connection.fetch(
            "SELECT worker IS NULL AS waits FROM sluice.message WHERE flow_key = 'stuck.execute'"
        )
    finally:
        await connection.close()
    return ["queued" if row["waits"] else "picked" for row in rows]


@pytest.mark.parametrize("at", ["sleep", "socket", "library", "deaf"])
async def test_a_stop_ends_within_its_limit_and_gives_back_what_a_thread_is_at(
    sluice: Sluice, tmp_path: Path, at: str
) -> None:
    with service(sluice, tmp_path, "serve", "--worker") as process:
        wait_for("Sluice listens on", tmp_path / "log", process)
        await start(sluice, at)
        wait_for("the item has begun", tmp_path / "log", process)
        took = seconds_to_stop(process)
    log = told(tmp_path)
    assert took > LIMIT - 0.1, log
    assert process.returncode == 0, log
    assert log["stopped_unfinished"]["messages"] == 1
    [name] = log["stopped_unfinished"]["of"]
    assert "one" in name
    assert ("threads_left_at_work" in log) == (at != "deaf"), log
    assert await queued(sluice) == ["queued"]


async def test_a_stop_ends_within_its_limit_though_the_event_loop_is_blocked(
    sluice: Sluice, tmp_path: Path
) -> None:
    with service(sluice, tmp_path, "serve", "--worker") as process:
        wait_for("Sluice listens on", tmp_path / "log", process)
        await start(sluice, "loop")
        wait_for("the item has begun", tmp_path / "log", process)
        seconds_to_stop(process)
    log = told(tmp_path)
    assert process.returncode == 1
    assert "delivered again" in str(log["stopped_by_force"]["hint"])


async def test_a_worker_of_its_own_ends_within_its_limit_too(
    sluice: Sluice, tmp_path: Path
) -> None:
    folder = tmp_path / "api"
    folder.mkdir()
    with service(sluice, folder, "serve") as process:
        wait_for("Sluice listens on", folder / "log", process)
        await start(sluice, "sleep")
        seconds_to_stop(process)
        assert process.returncode == 0
    with service(sluice, tmp_path, "worker") as process:
        wait_for("the item has begun", tmp_path / "log", process)
        seconds_to_stop(process)
    assert process.returncode == 0, told(tmp_path)
    assert await queued(sluice) == ["queued"]


async def test_an_api_whose_preview_is_in_a_thread_ends_within_its_limit(
    sluice: Sluice, tmp_path: Path
) -> None:
    with service(sluice, tmp_path, "serve") as process:
        wait_for("Sluice listens on", tmp_path / "log", process)
        with previewing(sluice):
            wait_for("the item has begun", tmp_path / "log", process)
            seconds_to_stop(process)
    assert process.returncode == 0, told(tmp_path)
    assert "threads_left_at_work" in told(tmp_path)
