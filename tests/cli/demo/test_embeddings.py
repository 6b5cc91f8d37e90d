"""``sluice demo`` of many items' calls as one."""

from __future__ import annotations

import re

import pytest

from tests.cli.command import Sluice


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["postgres", "qstash"])
def test_each_of_four_hundred_has_its_own_answer_of_far_fewer_calls(
    sluice: Sluice, engine: str
) -> None:
    asked = ["--family", "embed-texts", "--engine", engine]
    ended = sluice.run("demo", *asked, SLUICE_LOG_LEVEL="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "400 of 400  399 succeeded, 0 failed, 1 skipped" in ended.stdout
    calls = re.search(r"400 items, (\d+) calls, of so many texts:\n +([\d ]+)\n", ended.stdout)
    assert calls is not None
    sizes = [int(size) for size in calls[2].split()]
    assert (len(sizes), sum(sizes)) == (int(calls[1]), 400)
    assert max(sizes) <= 50
    assert "text-001 has\n   [13.0, 86.23]" in ended.stdout
