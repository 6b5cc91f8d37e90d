"""A collector that is away, slow or unwilling harms no run, and holds no stop up."""

from __future__ import annotations

import pytest
from structlog.typing import EventDict

from app.composition.telemetry.traces import LONGEST_FLUSH
from tests.support.families import Recording
from tests.support.servers.ports import free_port
from tests.support.service import Opener
from tests.tracing.collector import collecting


def of_traces(logged: list[EventDict]) -> list[EventDict]:
    return [line for line in logged if line["event"].startswith("traces_")]


@pytest.mark.parametrize("hangs", [False, True], ids=["gone", "hangs"])
async def test_runs_go_on_and_the_stop_is_bounded(
    opener: Opener, logged: list[EventDict], hangs: bool
) -> None:
    with collecting(hangs=True) as collector:
        endpoint = collector.endpoint if hangs else f"http://127.0.0.1:{free_port()}"
        async with opener(Recording(), otel_endpoint=endpoint, stop_timeout=1) as sluice:
            run = await sluice.played(50)
            assert run.succeeded == 50
        # And it has ended, though who hangs does so until the test is over.
        [left] = [line for line in logged if line["event"] == "traces_left_unsent"]
        assert left["seconds"] == 1 < LONGEST_FLUSH
        assert collector.spans == []


async def test_what_it_refuses_is_told_once(opener: Opener, logged: list[EventDict]) -> None:
    with collecting(status=401) as collector:
        async with opener(Recording(), otel_endpoint=collector.endpoint) as sluice:
            export = sluice.bound().tracing
            assert export is not None
            run = await sluice.played(20)
            assert run.succeeded == 20
        assert collector.paths
        told = of_traces(logged)
        assert [line["event"] for line in told] == ["traces_not_sent"]
        assert told[0]["error"] == "Unavailable: The collector answers 401: spans are lost."
