"""The service with few descriptors, while more connections than those stand half open."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.command import SECRET, Sluice, stop, wait_for
from tests.support.clocks.stretch import stretch
from tests.support.network.half_open import half_open
from tests.support.network.raw_http import calling

DESCRIPTORS = 512
HALF_OPEN = 600
MEDIAN = 0.2
"""Seconds, on a machine that does nothing else."""
PATHS = ("/healthz", "/readyz", "/api/runs")


def seconds_of(port: int, path: str) -> float:
    """Over a connection of its own, as a probe has it."""
    head = f"GET {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {SECRET}\r\n\r\n".encode()
    began = time.monotonic()
    with calling(port) as caller:
        caller.send(head)
        answer = caller.answer()
    assert answer.status == 200, answer
    return time.monotonic() - began


@pytest.mark.alone
def test_api_and_probes_answer_while_600_connections_stand_half_open(
    sluice: Sluice, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    process = sluice.start("serve", log=log, descriptors=DESCRIPTORS)
    try:
        wait_for("Sluice listens on", log, process)
        port = int(sluice.env["SLUICE_PORT"])
        with half_open(port, HALF_OPEN):
            took = {path: [seconds_of(port, path) / stretch() for _ in range(20)] for path in PATHS}
            assert psutil.Process(process.pid).num_fds() < DESCRIPTORS
            code = stop(process)
    finally:
        stop(process)
    said = log.read_text()
    assert code == 0, said
    medians = {path: statistics.median(seconds) for path, seconds in took.items()}
    assert max(medians.values()) < MEDIAN, medians
    assert "connections_full" in said
    for fault in ("Traceback", "request_failed", "timeout graceful shutdown exceeded"):
        assert fault not in said
