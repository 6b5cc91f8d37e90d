"""``sluice demo`` of a big tenant beside small ones."""

from __future__ import annotations

import re

import pytest

from tests.cli.command import Sluice


@pytest.mark.slow
def test_the_small_tenants_end_while_nearly_all_of_the_big_one_still_waits(sluice: Sluice) -> None:
    ended = sluice.run("demo", "--family", "remind-invoices", SLUICE_LOG_LEVEL="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "100 of 100  100 succeeded, 0 failed, 0 skipped" in ended.stdout
    assert "400 of 400  400 succeeded, 0 failed, 0 skipped" in ended.stdout
    waits = re.search(r"The small ones have ended; (\d+) of acme still wait\.", ended.stdout)
    assert waits is not None
    assert int(waits[1]) >= 150
    assert re.search(r"took \d+\.\d s alone, and \d+\.\d s beside acme\.", ended.stdout)


def test_qstash_has_no_limits_of_partitions_and_the_sentence_says_so(sluice: Sluice) -> None:
    asked = ["--family", "remind-invoices", "--engine", "qstash"]
    ended = sluice.run("demo", *asked, SLUICE_LOG_LEVEL="error")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "partition" in ended.stderr
