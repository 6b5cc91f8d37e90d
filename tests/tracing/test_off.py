"""With nothing configured nothing is traced, and what would send it is not even loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.families import Recording
from tests.support.http import OPS, api
from tests.support.service import Opener
from tests.tracing.callers import CALLER
from tests.tracing.collector import collecting

LOADED = """
import sys
import app.bootstrap, app.cli.app, app.composition.telemetry.traces, app.main
import app.workflows.layers.execute
heavy = ("app.tracing.service_tracing", "opentelemetry.exporter", "opentelemetry.sdk.trace")
print([name for name in sys.modules if name.startswith(heavy)])
"""


def test_nothing_is_loaded_for_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"otel_disabled": True},
        {"otel_traces_exporter": "none"},
    ],
    ids=["unset", "disabled", "none"],
)
async def test_nothing_is_exported_nor_kept(opener: Opener, changed: dict[str, object]) -> None:
    with collecting() as collector:
        if changed:
            changed = {**changed, "otel_endpoint": collector.endpoint}
        async with opener(Recording(), **changed) as sluice:
            assert all(bound.tracing is None for bound in sluice.service.families.values())
            await sluice.add_users(3)
            async with api(sluice, OPS) as client:
                answer = await client.post(
                    "/api/workflows/recording/process-users", headers={"traceparent": CALLER}
                )
            async with sluice.worker():
                run = await sluice.ended(answer.json()["runId"])
        assert run.traceparent is None
        assert run.succeeded == 3
        assert collector.paths == []


async def test_a_run_from_before_is_not_traced(opener: Opener) -> None:
    with collecting() as collector:
        async with opener(Recording()) as sluice:
            await sluice.add_users(3)
            run_id = await sluice.start()
        async with (
            opener(Recording(), otel_endpoint=collector.endpoint) as sluice,
            sluice.worker(),
        ):
            assert (await sluice.ended(run_id)).succeeded == 3
        assert collector.spans == []
