"""``sluice demo`` of the family that every service has."""

from __future__ import annotations

import pytest

from tests.cli.command import Sluice

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("engine", "how"),
    [("postgres", "with a worker"), ("qstash", "called by a QStash of its own")],
)
def test_it_greets_each_guest_once(sluice: Sluice, engine: str, how: str) -> None:
    asked = ["--family", "greeting", "--engine", engine]
    ended = sluice.run("demo", *asked, SLUICE_LOG_LEVEL="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"2. The run, {how}: at most 10" in ended.stdout
    assert "[DryRun] Would process 100 guests" in ended.stdout
    assert "100 of 100  100 succeeded, 0 failed, 0 skipped" in ended.stdout
    assert "Good morning, guest-001." in ended.stdout
    assert "All guests already processed" in ended.stdout
