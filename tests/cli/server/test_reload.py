"""``sluice serve --reload``: a service that follows its code while somebody writes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.command import SLUICE, Sluice, stop, wait_for
from tests.support.patience import PATIENCE
from tests.support.processes.copied import copied
from tests.support.servers.ports import free_port

pytestmark = pytest.mark.slow

FAMILY = '''"""Wave at everybody."""

from __future__ import annotations

import asyncio

from app.flow.limits import FlowControl
from app.workflows.family import Context, Entity, FamilyParams, Flow, JobFamily, Page


class Wave(JobFamily[FamilyParams, str, str]):
    """Wave at everybody."""

    name = "wave"
    entity = Entity("guest", "guests")
    flow = Flow(execute=FlowControl(parallelism=4))

    async def page(
        self, cursor: str | None, size: int, params: FamilyParams, ctx: Context
    ) -> Page:
        return Page([f"guest-{number}" for number in range(40)], None)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        await asyncio.sleep(0.3)
        return "waved"
'''


def test_a_new_family_is_taken_up_and_what_runs_goes_on(sluice: Sluice, tmp_path: Path) -> None:
    copy, log, port = copied(tmp_path / "service"), tmp_path / "log", free_port()
    (copy.root / "app/workflows/families/wave.py").write_text(FAMILY)
    env = {**sluice.env, "SLUICE_PORT": str(port), "PYTHONPATH": str(copy.root)}
    api = httpx2.Client(
        base_url=f"http://127.0.0.1:{port}/api",
        headers={"Authorization": f"Bearer {env['SLUICE_TOKEN']}"},
    )
    process = copy.started(str(SLUICE), "serve", "--worker", "--reload", log=log, **env)
    try:
        wait_for("Sluice listens", log, process)
        started = api.post("/workflows/wave/process-guests", json={})
        assert started.status_code == 202, started.text
        until(lambda: run(api, started)["counters"]["succeeded"] > 0)

        file = copy.root / "app/workflows/families/nod.py"
        file.write_text(FAMILY.replace('"wave"', '"nod"').replace("Wave", "Nod"))
        until(lambda: "nod" in families(api))
        until(lambda: run(api, started)["status"] == "succeeded")
        assert run(api, started)["counters"]["succeeded"] == 40

        file.write_text("this is no Python")
        wait_for("SyntaxError", log, process)
        file.unlink()
        until(lambda: "wave" in families(api))
        assert "nod" not in families(api)
    finally:
        code = stop(process)
        api.close()
    assert code == 0, log.read_text()
    assert log.read_text().count("worker_stopped") >= 2


def test_a_service_that_cannot_begin_ends_with_its_sentence(sluice: Sluice) -> None:
    assert "SLUICE_TOKENS is not set" in sluice.refused("serve", "--reload", SLUICE_TOKENS="")


def run(api: httpx2.Client, started: httpx2.Response) -> Any:  # JSON
    return api.get(f"/runs/{started.json()['runId']}").json()["run"]


def families(api: httpx2.Client) -> set[str]:
    return {one["name"] for one in api.get("/families").json()["families"]}


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        with suppress(httpx2.TransportError):  # it begins anew just now
            if holds():
                return
        assert time.monotonic() < end
        time.sleep(0.05)
