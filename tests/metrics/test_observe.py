"""``make observe`` with a real Prometheus: its targets are up, and every query has data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.workflows.registry.discovery import discover_families
from ops.observe import INSTALL, PROMETHEUS

ROOT = Path(__file__).resolve().parents[2]


def observed(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops.observe", *words],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **env},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_where_prometheus_is_missing_it_says_the_command(tmp_path: Path) -> None:
    if PROMETHEUS is not None and PROMETHEUS.startswith("/usr/sbin"):
        pytest.skip("it is found whatever the path says")
    ended = observed(PATH=str(tmp_path))
    assert (ended.returncode, INSTALL in ended.stdout) == (1, True), ended


@pytest.mark.slow
@pytest.mark.skipif(PROMETHEUS is None, reason=f"Prometheus is not installed: {INSTALL}")
@pytest.mark.skipif(
    "welcome-placeholder" not in discover_families(),
    reason="a service's own family may have nothing to do",
)
def test_the_targets_are_up_and_every_query_of_the_dashboard_has_data(tmp_path: Path) -> None:
    ended = observed("--check", "--port", "0", SLUICE_DATA_DIR=str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(" up") == 3, ended.stdout
    assert "queries of the dashboard have data" in ended.stdout
