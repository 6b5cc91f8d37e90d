"""``sluice demo`` of the family that every service has."""

from __future__ import annotations

import pytest

from tests.cli.command import Sluice

pytestmark = pytest.mark.slow


def test_it_greets_each_guest_once(sluice: Sluice) -> None:
    ended = sluice.run("demo", "--family", "greeting", SLUICE_LOG_LEVEL="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "[DryRun] Would process 100 guests" in ended.stdout
    assert "100 of 100  100 succeeded, 0 failed, 0 skipped" in ended.stdout
    assert "Good morning, guest-001." in ended.stdout
    assert "All guests already processed" in ended.stdout
